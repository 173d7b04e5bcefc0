"""Settings of the SMTP service: table ``[smtp]``."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.smtp.ingress.settings import IngressSettings
from services.smtp.judgement.settings import JudgementSettings
from services.smtp.roles import Role
from shared.net.listener import ListenerSpec
from shared.runtime.settings import require_hostname

ROLES = {"smtp": Role.MX, "submission": Role.SUBMISSION, "submissions": Role.SUBMISSION, "lmtp": Role.LMTP}


@dataclass(frozen=True)
class SmtpSettings:
    """Times are in seconds, sizes in octets; a port of 0 switches its listener off."""

    hostname: str = ""  # our name in the greeting, in Received and in Message-ID; "" for [common] hostname
    host: str = "0.0.0.0"  # noqa: S104 - a mail server listens everywhere unless told otherwise
    port: int = 25  # mail from other servers
    submission_port: int = 587  # mail from our users, with STARTTLS
    submissions_port: int = 465  # the same, TLS from the first octet
    lmtp_host: str = "127.0.0.1"  # LMTP knows no login: keep it away from strangers
    lmtp_port: int = 24
    proxy_networks: tuple[str, ...] = ()  # where PROXY protocol headers are believed

    plaintext_on_loopback: bool = True  # AUTH without TLS from this machine
    relay_domains: tuple[str, ...] = ()  # taken from anybody, and sent on by MX or route

    message_limit: int = 50 * 1024 * 1024  # SIZE
    recipients: int = 1_000  # per transaction
    hops: int = 50  # Received fields
    header_octets: int = 1024 * 1024
    header_lines: int = 10_000
    header_field: int = 256 * 1024  # octets of one field

    command_timeout: float = 300.0  # for one whole command line
    data_timeout: float = 300.0  # between two octets of a message
    data_rate: int = 500  # octets per second that a message must keep up with ...
    data_grace: float = 30.0  # ... after so long
    login_timeout: float = 300.0  # from connection to AUTH, on the submission ports
    errors_slow: int = 10  # refused commands until each reply takes `error_delay` longer
    errors_close: int = 20  # ... and until 421
    error_delay: float = 1.0
    junk_commands: int = 100  # NOOP, RSET, VRFY and the like without a letter between them
    login_attempts: int = 3  # failures per connection
    longest_hold: int = 30 * 86_400  # FUTURERELEASE
    accept_timeout: float = 9.0  # from a message's end until storage must have it and the spool answered, else 451;
    # a message above 256 KB gets a second more for each MB

    full_mailbox: str = "wait"  # 452 to who writes to somebody whose quota is used up; "refuse": 552

    resolution_seconds: float = 5.0  # how long "is one of ours" is remembered; 0: not at all

    ingress: IngressSettings = field(default_factory=IngressSettings)
    judgement: JudgementSettings = field(default_factory=JudgementSettings)

    def __post_init__(self) -> None:
        for name in ("message_limit", "recipients", "errors_close", "login_attempts", "junk_commands", "hops"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("command_timeout", "data_timeout", "login_timeout", "accept_timeout"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.full_mailbox not in ("wait", "refuse"):
            raise ValueError('full_mailbox must be "wait" or "refuse"')
        if self.hostname:
            require_hostname(self.hostname)

    @property
    def listeners(self) -> tuple[ListenerSpec, ...]:
        """The listeners that are switched on."""
        specs = (
            ListenerSpec("smtp", self.host, self.port, "starttls", self.proxy_networks),
            ListenerSpec("submission", self.host, self.submission_port, "starttls", self.proxy_networks),
            ListenerSpec("submissions", self.host, self.submissions_port, "implicit", self.proxy_networks),
            ListenerSpec("lmtp", self.lmtp_host, self.lmtp_port, "none"),
        )
        return tuple(spec for spec in specs if spec.port)
