"""What strangers on port 25 must keep to before they say anything of interest: table ``[smtp.ingress]``."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.net.limits import networks


@dataclass(frozen=True)
class DnsList:
    """A list of bad (or, with a score below 0, good) addresses in the DNS (RFC 5782)."""

    zone: str  # "zen.spamhaus.org"
    score: float = 1.0
    answers: tuple[str, ...] = ()  # that count, "127.0.0.2"; none: 127.0.0.0/8, but for 127.255.255.0/24, errors

    def __post_init__(self) -> None:
        if not self.zone or self.zone.startswith("."):
            raise ValueError("zone is a domain name")


@dataclass(frozen=True)
class Greylisting:
    """Who is new must try again: kept in storage, so all replicas agree. Times are in seconds."""

    enabled: bool = False
    delay: int = 300  # before this, every attempt is deferred
    networks: int = 5  # after so many letters that came back, a network waits no more

    def __post_init__(self) -> None:
        if self.delay < 1 or self.networks < 1:
            raise ValueError("delay and networks must be at least 1")


@dataclass(frozen=True)
class IngressSettings:
    """Rates count in each process; connections that are open at once are limited in ``[limits]``."""

    trusted_networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")  # no stranger lives there
    xclient_networks: tuple[str, ...] = ()  # proxies that may say by XCLIENT whom they stand for
    greeting_pause: float = 0.0  # seconds before the greeting; who speaks within them is no mail server
    connections_per_minute: int = 300  # of one address; 0: as many as it likes
    network_connections_per_minute: int = 1_000  # of one /24, or /48 of IPv6
    letters_per_minute: int = 1_000  # of one address
    lists: tuple[DnsList, ...] = ()
    lists_reject: float = 1.0  # the sum of scores from which mail is refused
    greylisting: Greylisting = field(default_factory=Greylisting)

    def __post_init__(self) -> None:
        networks(self.trusted_networks)
        networks(self.xclient_networks)
        if self.greeting_pause < 0:
            raise ValueError("greeting_pause must not be below 0")
