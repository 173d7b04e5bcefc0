"""Settings of the POP3 service: table ``[pop3]``."""

from __future__ import annotations

from dataclasses import dataclass

from shared.net.listener import ListenerSpec


@dataclass(frozen=True)
class Pop3Settings:
    """Times are in seconds; a port of 0 switches its listener off."""

    host: str = "0.0.0.0"  # noqa: S104 - a mail server listens everywhere unless told otherwise
    port: int = 110  # plain text, with STLS
    tls_port: int = 995  # TLS from the first octet
    proxy_networks: tuple[str, ...] = ()  # where PROXY protocol headers are believed

    plaintext_on_loopback: bool = True  # logins without TLS from this machine

    idle_timeout: float = 600.0  # without a command, after login; RFC 1939 section 3 wants at least this
    login_timeout: float = 60.0  # without a command, before login
    login_within: float = 300.0  # from connection to login, whatever the client says meanwhile
    login_attempts: int = 3  # failures per connection
    login_delay: int = 0  # seconds between two logins to one maildrop (LOGIN-DELAY of RFC 2449)
    apop: bool = False  # offer APOP, for the accounts that the administrator has given it
    mistakes: int = 20  # bad commands before the connection is closed; from half of them on, each waits
    mistake_delay: float = 1.0

    batch_octets: int = 300_000  # messages read ahead in one call; a session holds at most two batches
    batches: int = 8  # that may be on their way to this process at once; keeps it below the broker's max_pending
    drain_seconds: float = 20.0  # sessions get to finish their command

    def __post_init__(self) -> None:
        for name in ("idle_timeout", "login_timeout", "login_within"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("login_attempts", "mistakes", "batches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 <= self.login_delay <= 86_400:
            raise ValueError("login_delay must lie between 0 and a day")
        if not 1 <= self.batch_octets <= 700_000:
            raise ValueError("batch_octets must be between 1 and 700000, for one bus message")

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        """The listeners that are switched on."""
        specs = (
            ListenerSpec("pop3", self.host, self.port, "starttls", self.proxy_networks),
            ListenerSpec("pop3s", self.host, self.tls_port, "implicit", self.proxy_networks),
        )
        return tuple(spec for spec in specs if spec.port)
