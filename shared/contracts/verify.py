"""Does storage hold what it says it holds? Proved in small steps, each on one snapshot; mended one finding at a time.

A walk goes through a `Part` by asking for a step with the `Report.next` of the step before, until that is empty. Who
walks adds up how often `Report.contents` name each content, and compares with what `Part.CONTENTS` says of its uses;
what differs may have changed meanwhile and is looked at once more, in one snapshot (`Part.USES`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services

ADMIN = services("admin")


class Part(StrEnum):
    MESSAGES = "messages"
    EVENTS = "events"
    LETTERS = "letters"
    CONTENTS = "contents"
    USES = "uses"  # of the contents in `Step.of`
    HOLDERS = "holders"  # the messages that the contents in `Step.of` are the octets of
    ACCOUNTS = "accounts"
    FLAG_SETS = "flag sets"
    INDEX = "index"
    OWNERS = "owners"


class Proof(StrEnum):
    """What is proved. A finding says what of it does not hold."""

    MESSAGES = "messages"
    USES = "uses"
    BODIES = "bodies"
    SUMMARIES = "summaries"
    UIDS = "uids"
    MODSEQS = "modseqs"
    COUNTERS = "counters"
    HISTORY = "history"
    QUOTAS = "quotas"
    FLAGS = "flags"
    SPOOL = "spool"
    INDEX = "index"
    OWNERS = "owners"


class Step(NamedTuple):
    """``after`` is `Report.next` of the step before; ``deep``: read all bodies and compare their hashes."""

    part: Part
    after: tuple[int, ...] = ()
    of: tuple[int, ...] = ()
    deep: bool = False


class Finding(NamedTuple):
    """``number`` is the id of what is wrong: mailbox, account, content, letter; with it a finding can be mended."""

    proof: Proof
    problem: str
    number: int = 0
    account: str = ""  # address
    mailbox: str = ""
    uid: int = 0


class Proved(NamedTuple):
    proof: Proof
    cases: int


class Report(NamedTuple):
    """``contents`` and ``uses`` are columns of u64 ("<Q"): contents named, and for `Part.CONTENTS` their uses."""

    proved: tuple[Proved, ...] = ()
    findings: tuple[Finding, ...] = ()
    next: tuple[int, ...] = ()  # empty at the end
    contents: bytes = b""
    uses: bytes = b""


step = Op("verify.step", Step, Report, ADMIN, 60.0, Repeat.SAFE)


class Mended(NamedTuple):
    """What was changed, a line each, and why something is left; neither where the finding holds no longer."""

    changes: tuple[str, ...] = ()
    left: str = ""


mend = Op("verify.mend", Finding, Mended, ADMIN, 60.0, Repeat.SAFE)
