"""What is asked of the DNS, and what it answers: the words that pure code and the resolver share.

Names are text without the dot at the end. An answer is never an exception: that a name is not there, or that nobody
answered, is something a caller must judge.
"""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum
from typing import NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")


class Status(Enum):
    """How a question ended."""

    FOUND = "found"
    NXDOMAIN = "nxdomain"  # the name is not there
    NODATA = "nodata"  # the name is there, but nothing of that type
    SERVFAIL = "servfail"  # a server refused, failed, or its signatures are wrong
    TIMEOUT = "timeout"


class Question(NamedTuple):
    """``kind`` is a record type: A, AAAA, MX, TXT, PTR, TLSA, SRV, CNAME or NS."""

    name: str
    kind: str


class Exchange(NamedTuple):
    """MX. The null MX (RFC 7505) has an empty ``host``."""

    preference: int
    host: str


class Association(NamedTuple):
    """TLSA (RFC 6698 section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Service(NamedTuple):
    """SRV (RFC 2782); an empty ``host`` says that the service is not offered."""

    priority: int
    weight: int
    port: int
    host: str


class Answer(NamedTuple):
    """Only the field of the type that was asked for is filled."""

    status: Status
    addresses: tuple[str, ...] = ()  # A, AAAA
    texts: tuple[bytes, ...] = ()  # TXT, the strings of each record joined
    names: tuple[str, ...] = ()  # PTR, CNAME, NS
    exchanges: tuple[Exchange, ...] = ()  # MX, in the order sent
    associations: tuple[Association, ...] = ()  # TLSA
    services: tuple[Service, ...] = ()  # SRV
    secure: bool = False  # a validating resolver vouches for it (the AD bit, from one that we trust)
    canonical: str = ""  # the name at the end of the CNAMEs that were followed
    ttl: int = 0  # seconds it may be kept from when it was asked for

    @property
    def empty(self) -> bool:
        """Whether the DNS knows for sure that there is nothing."""
        return self.status in (Status.NXDOMAIN, Status.NODATA)

    @property
    def failed(self) -> bool:
        """Whether it may be there for all we know."""
        return self.status in (Status.SERVFAIL, Status.TIMEOUT)


NXDOMAIN = Answer(Status.NXDOMAIN)
NODATA = Answer(Status.NODATA)
SERVFAIL = Answer(Status.SERVFAIL)
TIMEOUT = Answer(Status.TIMEOUT)

Inquiry: TypeAlias = Generator[Question, Answer, T]
"""Pure code that needs the DNS: it yields questions, is sent answers, and returns a result."""
