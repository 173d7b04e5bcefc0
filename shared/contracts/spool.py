"""Mail that was accepted and is not yet everywhere it should be.

A recipient's state is one of: ``ready`` (to be claimed from `next_attempt` on), ``done`` (filed or sent),
``held`` (an operator or the poison rule stopped it), ``failed`` (given up). A claim leases all due
recipients of a letter at once, under a fencing number that grows with every claim: whoever comes back
with an older number is refused as STALE.

Claims come in two lanes, so that mail for this installation never waits behind mail that leaves it: new recipients
stand in the near one unless the whole letter is known to leave; whoever turns out to be remote there is moved to the
far one by a settlement.
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
    far: bool = False  # known to be remote; counts only when it is so for the whole letter


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
    require_tls: bool = False  # RFC 8689
    priority: int = 0  # RFC 6710
    hold_until: float = 0.0  # Unix seconds: no attempt before (RFC 4865)
    deliver_by: float = 0.0  # Unix seconds (RFC 2852)
    by_mode: str = ""  # R: return it then; N: tell of the delay; T: trace too


class Accepted(NamedTuple):
    letter: str
    repeated: bool  # this key had been accepted before


accept = Op("spool.accept", Accept, Accepted, services("smtp"), 10.0, Repeat.KEYED)


class Ready(NamedTuple):
    """Letters that have become due, by lane."""

    letters: int  # near
    far: int = 0


ready = Event("spool.ready", Ready, services("storage"), services("delivery"), group=True)


class Claim(NamedTuple):
    worker: str  # replica name
    limit: int  # letters
    lease: float  # seconds
    far: bool = False  # the lane


class Due(NamedTuple):
    """One recipient to serve now, resolved by storage at claim time."""

    number: int
    address: str
    attempts: int  # earlier ones
    resolution: Resolution
    notify: tuple[str, ...] = ()
    original: str = ""
    warned: bool = False  # the sender knows of the delay
    sender: str = ""  # in place of the letter's, where that was rewritten for a forward


class LetterBody(NamedTuple):
    """``octets`` are the whole message, or begin with its header block where ``url`` is a ticket for all but the
    first ``prefix`` octets."""

    octets: bytes
    url: str = ""
    prefix: int = 0
    binary: bool = False  # behind the ticket, a part says that it is (RFC 2045 section 6.2)


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
    envelope_id: str = ""
    ret: str = ""
    require_tls: bool = False
    priority: int = 0
    deliver_by: float = 0.0
    by_mode: str = ""
    body: LetterBody | None = None  # of a small letter in the far lane, which saves asking


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


body = Op("spool.body", Fenced, LetterBody, services("delivery"), 8.0, Repeat.SAFE)

extend = Op("spool.extend", Extend, Extended, services("delivery"), 8.0, Repeat.SAFE)


class Report(NamedTuple):
    """A delivery status notification (RFC 3464): a new letter with the null sender. ``letter`` is its id, a ULID."""

    letter: str
    trace: str
    recipient: str
    body: Body
    summary: Summary
    smtputf8: bool = False


class Status(StrEnum):
    DONE = "done"  # another server has taken it
    DEFERRED = "deferred"  # try again at `next_attempt`
    HELD = "held"  # out of the running until an operator releases it
    FAILED = "failed"  # final; kept for `queue show`


class Outcome(NamedTuple):
    """``reason`` is for the operator: what went wrong, or the reply of the server that took it."""

    number: int
    status: Status
    code: str  # enhanced status code, "4.4.1"
    reason: str
    next_attempt: float = 0.0  # Unix seconds
    warned: bool = False  # a report with this settlement tells the sender of the delay


class Settlement(NamedTuple):
    """``reports`` join the spool in the transaction that takes the outcomes, and only if one of them is taken."""

    letter: str
    fence: int
    outcomes: tuple[Outcome, ...]
    later: tuple[int, ...] = ()  # recipients that were not tried: claimable at once in the far lane
    far: bool = False  # what stays ready is for the far lane
    keep: bool = False  # the lease goes on: more verdicts will follow
    reports: tuple[Report, ...] = ()


class Settle(NamedTuple):
    """What was not filed by `messages.deliver`. A letter named with nothing else just loses its lease."""

    settlements: tuple[Settlement, ...]


class Settled(NamedTuple):
    stale: tuple[str, ...]


settle = Op("spool.settle", Settle, Settled, services("delivery"), 10.0, Repeat.SAFE)


# What `eilpost queue` and `eilpost trace` ask.


class QueueFilter(NamedTuple):
    letter: str = ""
    sender: str = ""  # "<>" for the null one
    recipient: str = ""
    state: str = ""  # ready | deferred (that, and tried) | held | waiting (ready or held) | failed | "": not done
    limit: int = 1000  # of a listing; an act takes all
    domain: str = ""  # of the recipient
    before: float = 0.0  # accepted before, Unix seconds; 0 for whenever


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
