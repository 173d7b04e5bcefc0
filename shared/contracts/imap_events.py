"""What clients did to messages by IMAP, for the scripts that are to see it (RFC 6785): delivery runs them.

Storage writes an event in the transaction of its cause, where a script watches over the mailbox. An event is claimed
under a fence that grows with each claim, and settled in the transaction that does what the script wants: once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.messages import Effects, Target
from shared.contracts.op import Event, Op, Repeat, services
from shared.contracts.sieve import SpooledLetter

DELIVERY = services("delivery")


class Cause(StrEnum):
    """The words of RFC 6785 section 4.3; a MOVE is a COPY there (RFC 6851 section 4.5), a REPLACE an APPEND."""

    APPEND = "APPEND"
    COPY = "COPY"
    FLAG = "FLAG"


class Happened(NamedTuple):
    """One event: ``flags`` and ``shown`` are the message after it, as storage's record of it holds them."""

    id: int
    fence: int
    account: int  # the mailbox's owner, and the script's
    owner: str  # the address of that account
    user: str  # the address of who did it; "" when that account is gone
    mailbox: str  # as its owner calls it
    cause: Cause
    changed: tuple[str, ...]  # flags, with `Cause.FLAG`
    flags: tuple[str, ...]
    script: str  # its name
    hash: str  # SHA-256 of its text, in hexadecimal
    shown: SpooledLetter


class ScriptText(NamedTuple):
    hash: str
    octets: bytes


class Claim(NamedTuple):
    limit: int
    lease: float  # seconds


class Claimed(NamedTuple):
    """``scripts`` are those of the events, each once."""

    events: tuple[Happened, ...]
    scripts: tuple[ScriptText, ...] = ()
    next_due: float | None = None  # Unix seconds of the earliest end of a lease
    more: bool = False


claim = Op("imapsieve.claim", Claim, Claimed, DELIVERY, 8.0, Repeat.SAFE)


class Verdict(NamedTuple):
    """What an event's script decided: done all together, or not at all.

    ``add`` and ``remove`` are flags of the message, if it is still there; ``deletes`` sets \\Deleted beside them.
    ``copies`` hold the message of the event, unless they are ``changed``.
    """

    event: int
    fence: int
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    deletes: bool = False
    copies: tuple[Target, ...] = ()
    effects: Effects | None = None


class Settle(NamedTuple):
    verdicts: tuple[Verdict, ...]


class Settled(NamedTuple):
    """For each verdict "" when it is carried out (now or before), else a Code value: "stale", "conflict" (a memory is
    not fresh). What finds no room is carried out as far as a line in the owner's log."""

    errors: tuple[str, ...]


settle = Op("imapsieve.settle", Settle, Settled, DELIVERY, 10.0, Repeat.SAFE)


class Ready(NamedTuple):
    events: int


ready = Event("imapsieve.ready", Ready, services("storage"), DELIVERY, group=True)
