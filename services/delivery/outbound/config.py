"""Settings of mail that leaves: table ``[delivery.outbound]``. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.protocols.smtp.domains import is_address_literal, is_domain

TLS_LEVELS = ("none", "may", "encrypt", "verify")


@dataclass(frozen=True)
class RouteSettings:
    """Where mail for ``domain`` goes instead of to its MX; a domain of "*" makes it the smarthost for all others."""

    domain: str
    host: str  # name or address literal
    port: int = 25
    tls: str = "may"  # none, may, encrypt (without looking at the certificate), verify
    username: str = ""  # AUTH PLAIN or LOGIN, under TLS only
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.domain != "*" and not is_domain(self.domain):
            raise ValueError(f"domain {self.domain!r} is neither a domain in A-labels nor *")
        if not (is_domain(self.host) or is_address_literal(self.host)):
            raise ValueError(f"host {self.host!r} is neither a host name nor an address literal")
        if not 0 < self.port < 65536:
            raise ValueError("port lies between 1 and 65535")
        if self.tls not in TLS_LEVELS:
            raise ValueError(f"tls is one of {', '.join(TLS_LEVELS)}")
        if self.username and self.tls not in ("encrypt", "verify"):
            raise ValueError("a password travels under TLS only: set tls to verify")


@dataclass(frozen=True)
class OutboundSettings:
    """How letters for other servers are sent."""

    routes: tuple[RouteSettings, ...] = ()
    port: int = 25  # of MX hosts
    tls: str = "may"  # towards MX hosts, where neither they nor their domain ask for more
    dane: bool = True  # RFC 7672; needs a resolver that validates, and that is trusted to ([dns] trust_ad)
    mta_sts: bool = True  # RFC 8461
    sts_port: int = 443
    authority: str = ""  # PEM file of the authorities that hosts are verified by; "" for the system's
    source_ipv4: str = ""  # local address to speak from
    source_ipv6: str = ""
    ipv6: bool = True

    batch: int = 200  # letters in one claim, as far as they and their small messages fit one message of the bus
    in_hand: int = 2_000  # recipients waiting for their destination or on their way, at most
    connections: int = 100  # at the same time, to all destinations
    first_window: int = 2  # connections to one destination at first ...
    widest_window: int = 20  # ... and at most, as long as all goes well
    transaction: int = 100  # recipients of one transaction
    turn: int = 20  # letters over one connection until others that wait for one get theirs
    idle: float = 5.0  # a connection is kept for the next letter
    hosts: int = 5  # addresses tried in one attempt
    suspended: float = 60.0  # a destination that nobody could reach is left alone

    connect_timeout: float = 30.0
    greeting_timeout: float = 300.0  # RFC 5321 section 4.5.3.2, as the following
    command_timeout: float = 300.0
    data_timeout: float = 180.0
    end_timeout: float = 600.0

    def __post_init__(self) -> None:
        for name in ("batch", "in_hand", "connections", "first_window", "transaction", "turn", "hosts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("connect_timeout", "greeting_timeout", "command_timeout", "data_timeout", "end_timeout"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.widest_window < self.first_window:
            raise ValueError("widest_window must not be below first_window")
        if self.tls not in TLS_LEVELS:
            raise ValueError(f"tls is one of {', '.join(TLS_LEVELS)}")
        if len({route.domain for route in self.routes}) != len(self.routes):
            raise ValueError("two routes have the same domain")
