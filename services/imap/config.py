"""Settings of the IMAP service: table ``[imap]``."""

from __future__ import annotations

from dataclasses import dataclass

from shared.net.listener import ListenerSpec
from shared.protocols.imap.core import Limits


@dataclass(frozen=True)
class ImapSettings:
    """Times are in seconds, sizes in octets; a port of 0 switches its listener off."""

    host: str = "0.0.0.0"  # noqa: S104 - a mail server listens everywhere unless told otherwise
    port: int = 143  # plain text, with STARTTLS
    tls_port: int = 993  # TLS from the first octet
    proxy_networks: tuple[str, ...] = ()  # where PROXY protocol headers are believed

    managesieve: str = ""  # host, maybe with :port, where users keep their Sieve scripts; "" for [common] hostname
    separator: str = "/"  # between levels of mailbox names, "/" or "."; storage always uses "/"
    plaintext_on_loopback: bool = True  # logins without TLS from this machine

    idle_timeout: float = 1800.0  # without a command, after login (RFC 3501 section 5.4), and in IDLE
    login_timeout: float = 60.0  # from connection to login
    keepalive: float = 120.0  # an untagged OK in IDLE, for the NATs on the way
    login_attempts: int = 3  # failures per connection

    line_before_login: int = 8 * 1024
    line_after_login: int = 64 * 1024
    literal_before_login: int = 4 * 1024
    literal_after_login: int = 64 * 1024
    message_limit: int = 50 * 1024 * 1024
    progress_seconds: float = 10.0  # between two signs of life of a command that takes long (RFC 9585)
    command_seconds: float = 30.0  # what one SEARCH may take
    messages_per_command: int = 1_000_000  # RFC 9738 wants 1,000 or more; 0 for no limit
    notify_mailboxes: int = 500  # that one NOTIFY may watch
    commands_per_minute: int = 2_000  # of one account, in all processes; more have to wait; 0 for no limit
    sessions_per_account: int = 16  # in all processes (`shared.runtime.siblings`); 0 for no limit

    warm_seconds: float = 60.0  # how long a view is kept after its last session left
    warm_views: int = 500  # ... and how many of them
    check_seconds: float = 1.0  # between two questions which mailboxes have changed unheard
    poll_seconds: float = 30.0  # a selected mailbox not heard of for so long is asked about, rights and all

    def __post_init__(self) -> None:
        if self.separator not in ("/", "."):
            raise ValueError('separator must be "/" or "."')
        times = "idle_timeout login_timeout keepalive progress_seconds command_seconds check_seconds poll_seconds"
        for name in times.split():
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("messages_per_command", "commands_per_minute", "sessions_per_account"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be below 0")
        if self.login_attempts < 1:
            raise ValueError("login_attempts must be at least 1")

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        """The listeners that are switched on."""
        specs = (
            ListenerSpec("imap", self.host, self.port, "starttls", self.proxy_networks),
            ListenerSpec("imaps", self.host, self.tls_port, "implicit", self.proxy_networks),
        )
        return tuple(spec for spec, port in zip(specs, (self.port, self.tls_port), strict=True) if port)

    @property
    def limits(self) -> Limits:
        """What the protocol core enforces."""
        return Limits(
            line_before_login=self.line_before_login,
            line_after_login=self.line_after_login,
            literal_before_login=self.literal_before_login,
            literal_after_login=self.literal_after_login,
            append=self.message_limit,
        )
