"""SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2) with CONDSTORE and QRESYNC (RFC 7162)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.sets import STAR, SequenceSet
from shared.protocols.imap.tokens import Arguments


class Resync(NamedTuple):
    """What the client remembers of the mailbox (RFC 7162 section 3.2.5). ``uids`` None: all up to UIDNEXT.

    ``match_numbers`` and ``match_uids`` are message numbers and the UIDs that they had, side by side.
    """

    uidvalidity: int
    modseq: int
    uids: SequenceSet | None = None
    match_numbers: SequenceSet = SequenceSet(())
    match_uids: SequenceSet = SequenceSet(())


class Select(NamedTuple):
    """Open ``mailbox``; EXAMINE opens it not ``writable``."""

    mailbox: str
    writable: bool
    condstore: bool = False
    resync: Resync | None = None


def parse(arguments: Arguments) -> Select:
    """SELECT ``mailbox [SP "(" select-param *(SP select-param) ")"]``."""
    return _parse(arguments, True)


def parse_examine(arguments: Arguments) -> Select:
    """EXAMINE, with the same arguments."""
    return _parse(arguments, False)


def _parse(arguments: Arguments, writable: bool) -> Select:
    arguments.space()
    name = mailbox(arguments)
    if arguments.at_end():
        return Select(name, writable)
    arguments.space()
    parameters = dict(arguments.items(_parameter))
    return Select(name, writable, "CONDSTORE" in parameters, parameters.get("QRESYNC"))


def _parameter(arguments: Arguments) -> tuple[str, Resync | None]:
    name = arguments.keyword()
    if name == "CONDSTORE":
        return name, None
    if name != "QRESYNC":
        raise ParseError("Unknown parameter")
    arguments.space()
    return name, _resync(arguments)


def _resync(arguments: Arguments) -> Resync:
    """``"(" uidvalidity SP mod-sequence-value [SP known-uids] [SP "(" sequence-set SP sequence-set ")"] ")"``."""
    arguments.open()
    uidvalidity = arguments.number()
    arguments.space()
    modseq = arguments.number64()
    if not uidvalidity or not modseq:
        raise ParseError("Neither UIDVALIDITY nor modseq can be 0")
    uids: SequenceSet | None = None
    match: tuple[SequenceSet, ...] = ()
    while not match and not arguments.closes():
        arguments.space()
        if arguments.peek() == b"(":
            match = arguments.items(_known_set)
            if len(match) != 2:
                raise ParseError("Message numbers and their UIDs expected")
        elif uids is None:
            uids = _known_set(arguments)
        else:
            raise ParseError("( expected")
    arguments.closes()
    arguments.close()
    return Resync(uidvalidity, modseq, uids, *match)


def _known_set(arguments: Arguments) -> SequenceSet:
    numbers = arguments.sequence_set()
    if numbers.saved or any(STAR in pair for pair in numbers.ranges):
        raise ParseError('"*" and "$" are no known messages')
    return numbers
