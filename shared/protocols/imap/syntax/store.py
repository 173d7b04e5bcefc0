"""STORE and UID STORE (RFC 3501 section 6.4.6) with UNCHANGEDSINCE (RFC 7162 section 3.1.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.tokens import Arguments


class Mode(StrEnum):
    """What is done with the flags."""

    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


class Store(NamedTuple):
    """Change ``flags`` of the messages in ``numbers`` (UIDs when ``uid``)."""

    uid: bool
    numbers: SequenceSet
    mode: Mode
    silent: bool
    flags: tuple[str, ...]
    unchanged_since: int | None = None


_ACTIONS = {
    "FLAGS": (Mode.REPLACE, False),
    "+FLAGS": (Mode.ADD, False),
    "-FLAGS": (Mode.REMOVE, False),
    "FLAGS.SILENT": (Mode.REPLACE, True),
    "+FLAGS.SILENT": (Mode.ADD, True),
    "-FLAGS.SILENT": (Mode.REMOVE, True),
}


def parse(arguments: Arguments) -> Store:
    """``sequence-set [SP "(" UNCHANGEDSINCE SP number ")"] SP store-att-flags``."""
    arguments.space()
    numbers = arguments.sequence_set()
    arguments.space()
    unchanged_since: int | None = None
    if arguments.peek() == b"(":
        unchanged_since = _modifier(arguments)
        arguments.space()
    action = _ACTIONS.get(arguments.keyword())
    if action is None:
        raise ParseError("FLAGS, +FLAGS or -FLAGS expected")
    arguments.space()
    flags = arguments.flag_list() if arguments.peek() == b"(" else _bare_flags(arguments)
    return Store(arguments.uid, numbers, action[0], action[1], flags, unchanged_since)


def _modifier(arguments: Arguments) -> int:
    arguments.open()
    if arguments.keyword() != "UNCHANGEDSINCE":
        raise ParseError("UNCHANGEDSINCE expected")
    arguments.space()
    modseq = arguments.number64()
    arguments.close()
    return modseq


def _bare_flags(arguments: Arguments) -> tuple[str, ...]:
    flags = [arguments.flag()]
    while not arguments.at_end():
        arguments.space()
        flags.append(arguments.flag())
    return tuple(dict.fromkeys(flags))
