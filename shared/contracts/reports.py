"""What other domains are told of how mail went with them: TLS (RFC 8460) and DMARC (RFC 9990), once a day.

Whoever sees a result counts it in memory and hands the sums over now and then; storage keeps them until the day is
over. One delivery process at a time, elected by a lease, makes reports of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services
from shared.contracts.spool import Accept

DAY = 86_400  # seconds


class Kind(StrEnum):
    TLS = "tls"
    DMARC = "dmarc"


class TlsRow(NamedTuple):
    """One way that sessions with a domain went. ``failure`` is a result type of RFC 8460 section 4.3, "" for none."""

    policy: str  # tlsa | sts | no-policy-found
    lines: tuple[str, ...] = ()  # of the policy
    hosts: tuple[str, ...] = ()  # that it names
    failure: str = ""
    host: str = ""  # the server spoken with
    address: str = ""
    reason: str = ""


class Signed(NamedTuple):
    """What one DKIM signature was worth."""

    domain: str
    selector: str
    result: str


class Published(NamedTuple):
    """A DMARC record as it applied."""

    policy: str
    subdomains: str = ""
    missing: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    testing: bool = False


class DmarcRow(NamedTuple):
    """One way that messages were judged under a domain's policy."""

    source: str  # IP address
    disposition: str  # none | pass | quarantine | reject
    dkim: bool  # passes, and is aligned
    spf: bool
    header_from: str
    envelope_from: str  # domain
    spf_domain: str
    spf_scope: str  # mfrom | helo
    spf_result: str
    signatures: tuple[Signed, ...]
    published: Published
    local: str = ""  # why the disposition is not what the policy asks for


class Counted(NamedTuple):
    """``row`` is an encoded `TlsRow` or `DmarcRow`; storage compares it and knows nothing more."""

    kind: Kind
    day: int  # since the epoch, in UTC
    domain: str  # whose policy it was
    row: bytes
    times: int


class Count(NamedTuple):
    key: str
    counted: tuple[Counted, ...]


count = Op("reports.count", Count, Done, services("smtp delivery"), 8.0, Repeat.KEYED)


class Claim(NamedTuple):
    worker: str  # replica
    lease: float  # seconds


class Row(NamedTuple):
    row: bytes
    times: int


class Claimed(NamedTuple):
    """A report that is due, or none. Who is not ``elected`` has nothing to do here until another's lease ends."""

    elected: bool
    report: int = 0  # its number; 0 for none
    kind: Kind = Kind.TLS
    day: int = 0
    domain: str = ""
    rows: tuple[Row, ...] = ()
    last: int = 0  # what `Finish` names to say how far they go
    attempts: int = 0  # earlier ones


claim = Op("reports.claim", Claim, Claimed, services("delivery"), 8.0, Repeat.SAFE)


class Finish(NamedTuple):
    """The report is done, up to row ``last``, and ``letters`` take it away in the same transaction.

    Or it is to be tried ``again`` (Unix seconds).
    """

    worker: str
    report: int
    last: int
    letters: tuple[Accept, ...] = ()
    again: float = 0.0


finish = Op("reports.finish", Finish, Done, services("delivery"), 8.0, Repeat.SAFE)
