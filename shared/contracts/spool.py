"""Mail that was accepted and is not yet everywhere it should be.

A recipient's state is one of: ``ready`` (to be claimed from `next_attempt` on), ``done`` (filed or sent),
``held`` (an operator or the poison rule stopped it), ``failed`` (given up). A claim leases all due
recipients of a letter at once, under a fencing number that grows with every claim: whoever comes back
with an older number is refused as STALE.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.blobs import Body, Summary
from shared.contracts.directory import Resolution
from shared.contracts.op import Event, Op, Repeat, services


class Recipient(NamedTuple):
    """One RCPT. The DSN parameters are kept as received (RFC 3461): decoded ORCPT, NOTIFY words."""

    address: str
    original: str = ""  # ORCPT, "addr-type;address"
    notify: tuple[str, ...] = ()


class Accept(NamedTuple):
    """One letter, to be durable before the answer. ``letter`` is its id and the idempotency key (a ULID)."""

    letter: str
    trace: str
    sender: str  # reverse-path without brackets; "" is the null sender
    recipients: tuple[Recipient, ...]
    body: Body
    summary: Summary
    grant: bytes = b""  # of the authenticated submitter
    client: str = ""  # IP address
    helo: str = ""
    protocol: str = "ESMTP"  # with-protocol of RFC 3848
    smtputf8: bool = False
    envelope_id: str = ""  # ENVID
    ret: str = ""  # FULL | HDRS
    prefix: bytes = b""  # whole header lines in front of the body, as far as they are not in it
    junk: bool = False  # judged to belong into Junk


class Accepted(NamedTuple):
    letter: str
    repeated: bool  # this key had been accepted before


accept = Op("spool.accept", Accept, Accepted, services("smtp"), 10.0, Repeat.KEYED)


class Ready(NamedTuple):
    letters: int


ready = Event("spool.ready", Ready, services("storage"), services("delivery"), group=True)


class Claim(NamedTuple):
    worker: str  # replica name
    limit: int  # letters
    lease: float  # seconds


class Due(NamedTuple):
    """One recipient to serve now, resolved by storage at claim time."""

    number: int
    address: str
    attempts: int  # earlier ones
    resolution: Resolution
    notify: tuple[str, ...] = ()
    original: str = ""


class Letter(NamedTuple):
    id: str
    fence: int
    trace: str
    sender: str
    accepted: float  # Unix seconds
    size: int
    message_id: str
    smtputf8: bool
    due: tuple[Due, ...]
    junk: bool = False  # for Junk, unless the recipient has other rules


class Claimed(NamedTuple):
    letters: tuple[Letter, ...]
    next_due: float | None = None  # Unix seconds of the earliest recipient that is not due yet
    more: bool = False  # there was more than `limit`


claim = Op("spool.claim", Claim, Claimed, services("delivery"), 8.0, Repeat.SAFE)


class Fenced(NamedTuple):
    letter: str
    fence: int


class Extend(NamedTuple):
    letters: tuple[Fenced, ...]
    lease: float


class Extended(NamedTuple):
    lost: tuple[str, ...]  # letters whose lease belongs to somebody else by now


extend = Op("spool.extend", Extend, Extended, services("delivery"), 8.0, Repeat.SAFE)


class Status(StrEnum):
    DEFERRED = "deferred"  # try again at `next_attempt`
    HELD = "held"  # out of the running until an operator releases it
    FAILED = "failed"  # final; kept for `queue show`


class Outcome(NamedTuple):
    number: int
    status: Status
    code: str  # enhanced status code, "4.4.1"
    reason: str
    next_attempt: float = 0.0  # Unix seconds


class Settlement(NamedTuple):
    letter: str
    fence: int
    outcomes: tuple[Outcome, ...]


class Settle(NamedTuple):
    """What was not filed by `messages.deliver`. A letter named with no outcomes just loses its lease."""

    settlements: tuple[Settlement, ...]


class Settled(NamedTuple):
    stale: tuple[str, ...]


settle = Op("spool.settle", Settle, Settled, services("delivery"), 10.0, Repeat.SAFE)


# What `eilpost queue` and `eilpost trace` ask.


class QueueFilter(NamedTuple):
    letter: str = ""
    sender: str = ""
    recipient: str = ""
    state: str = ""  # ready | held | failed | "" for all that is not done
    limit: int = 1000


class QueueRecipient(NamedTuple):
    number: int
    address: str
    state: str
    attempts: int
    next_attempt: float
    code: str
    reason: str
    settled: float  # Unix seconds; 0 while waiting
    claimed: float = 0.0
    claimed_by: str = ""
    filed: str = ""  # "mailbox/uid" list for what was delivered here


class QueueLetter(NamedTuple):
    id: str
    trace: str
    sender: str
    size: int
    accepted: float
    message_id: str
    subject: str
    client: str
    helo: str
    protocol: str
    recipients: tuple[QueueRecipient, ...]


class Queue(NamedTuple):
    letters: tuple[QueueLetter, ...]


class Trace(NamedTuple):
    """Letters by id, trace id, Message-ID, sender or recipient, newest first."""

    term: str
    limit: int = 20


class Act(StrEnum):
    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    DROP = "drop"


class QueueAct(NamedTuple):
    act: Act
    filter: QueueFilter


class Acted(NamedTuple):
    letters: int


ADMIN = services("admin")
queue_list = Op("spool.queue", QueueFilter, Queue, ADMIN, 10.0, Repeat.SAFE)
queue_act = Op("spool.act", QueueAct, Acted, ADMIN, 10.0, Repeat.SAFE)
trace = Op("spool.trace", Trace, Queue, ADMIN, 10.0, Repeat.SAFE)
