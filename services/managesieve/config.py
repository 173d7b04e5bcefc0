"""Settings of the ManageSieve service: table ``[managesieve]``."""

from __future__ import annotations

from dataclasses import dataclass

from shared.net.listener import ListenerSpec
from shared.protocols.managesieve.core import Limits


@dataclass(frozen=True)
class ManageSieveSettings:
    """Times are in seconds, sizes in octets; a port of 0 switches the listener off."""

    host: str = "0.0.0.0"  # noqa: S104 - a mail server listens everywhere unless told otherwise
    port: int = 4190  # plain text, with STARTTLS
    proxy_networks: tuple[str, ...] = ()  # where PROXY protocol headers are believed

    plaintext_on_loopback: bool = True  # logins without TLS from this machine

    idle_timeout: float = 1800.0  # without a command, after login (RFC 5804 section 1.4 wants at least this)
    login_timeout: float = 60.0  # without a command, before login
    login_within: float = 300.0  # from connection to login, whatever the client says meanwhile
    login_attempts: int = 3  # failures per connection
    mistakes: int = 20  # bad commands before the connection is closed; from half of them on, each waits
    mistake_delay: float = 1.0

    script_limit: int = 100 * 1024  # what a client may send; how much an account may keep, storage says
    drain_seconds: float = 20.0  # sessions get to finish their command

    def __post_init__(self) -> None:
        for name in ("idle_timeout", "login_timeout", "login_within"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("login_attempts", "mistakes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 1024 <= self.script_limit <= 700_000:
            raise ValueError("script_limit must lie between 1024 and 700000, for one bus message")

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        """The listener, if it is switched on."""
        spec = ListenerSpec("managesieve", self.host, self.port, "starttls", self.proxy_networks)
        return (spec,) if self.port else ()

    @property
    def limits(self) -> Limits:
        """What the protocol core enforces."""
        return Limits(after_login=self.script_limit)
