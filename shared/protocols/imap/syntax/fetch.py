"""FETCH and UID FETCH (RFC 3501 section 6.4.5) with CHANGEDSINCE and VANISHED (RFC 7162), object ids (RFC 8474),
SAVEDATE (RFC 8514), PREVIEW (RFC 8970) and BINARY (RFC 3516)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.partial import PartialRange, partial_range
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.section import Binary, Section, parse_binary, parse_section
from shared.protocols.imap.tokens import Arguments


class Item(StrEnum):
    """A data item without arguments, named as in the response."""

    UID = "UID"
    FLAGS = "FLAGS"
    INTERNALDATE = "INTERNALDATE"
    SIZE = "RFC822.SIZE"
    ENVELOPE = "ENVELOPE"
    BODY = "BODY"  # the structure without extension data
    BODYSTRUCTURE = "BODYSTRUCTURE"
    MODSEQ = "MODSEQ"
    EMAILID = "EMAILID"
    THREADID = "THREADID"
    SAVEDATE = "SAVEDATE"
    PREVIEW = "PREVIEW"


FetchItem: TypeAlias = Item | Section | Binary
_Request: TypeAlias = tuple[tuple[FetchItem, ...], "Modifiers"]


class Modifiers(NamedTuple):
    """What a FETCH is limited to. ``vanished``: what is gone since is told as well (RFC 7162 section 3.2.6);
    ``partial``: of the messages named, those in this range (RFC 9394 section 3.3)."""

    changed_since: int | None = None
    vanished: bool = False
    partial: PartialRange | None = None


class Fetch(NamedTuple):
    """Items are unique and in the order asked, macros expanded.

    ``numbers`` are UIDs when ``uid``; the UID item is then not added by itself.
    """

    uid: bool
    numbers: SequenceSet
    items: tuple[FetchItem, ...]
    modifiers: Modifiers = Modifiers()


_FAST = (Item.FLAGS, Item.INTERNALDATE, Item.SIZE)
_MACROS: dict[str, tuple[FetchItem, ...]] = {
    "FAST": _FAST,
    "ALL": (*_FAST, Item.ENVELOPE),
    "FULL": (*_FAST, Item.ENVELOPE, Item.BODY),
}
_PLAIN: dict[str, FetchItem] = {
    **{item.value: item for item in Item},
    "RFC822": Section((), "", (), False, None, b"RFC822"),
    "RFC822.HEADER": Section((), "HEADER", (), True, None, b"RFC822.HEADER"),
    "RFC822.TEXT": Section((), "TEXT", (), False, None, b"RFC822.TEXT"),
}
_BINARIES = frozenset({"BINARY", "BINARY.PEEK", "BINARY.SIZE"})
_MEMORABLE = 256  # octets; clients ask for the same few lists of items again and again


def parse(arguments: Arguments) -> Fetch:
    """``sequence-set SP (macro / fetch-att / "(" fetch-att *(SP fetch-att) ")") [SP fetch-modifiers]``."""
    arguments.space()
    numbers = arguments.sequence_set()
    arguments.space()
    rest = arguments.rest()
    items, modifiers = _remembered(rest) if len(rest) <= _MEMORABLE else _request(rest)
    if (modifiers.vanished or modifiers.partial) and not arguments.uid:
        raise ParseError("VANISHED and PARTIAL are for UID FETCH")
    return Fetch(arguments.uid, numbers, items, modifiers)


def _request(octets: bytes) -> _Request:
    arguments = Arguments(octets)
    items = tuple(dict.fromkeys(data_items(arguments)))
    modifiers = Modifiers()
    if not arguments.at_end():
        arguments.space()
        modifiers = _modifiers(arguments)
        arguments.finish()
    return items, modifiers


_remembered = lru_cache(maxsize=512)(_request)


def data_items(arguments: Arguments) -> tuple[FetchItem, ...]:
    """One item or macro, or a list of items in parentheses."""
    if arguments.peek() == b"(":
        items = arguments.items(_item)
        if not items:
            raise ParseError("No item")
        return items
    name = arguments.item()
    return _MACROS.get(name) or (_named(name, arguments),)


def _item(arguments: Arguments) -> FetchItem:
    return _named(arguments.item(), arguments)


def _named(name: str, arguments: Arguments) -> FetchItem:
    if name in ("BODY", "BODY.PEEK") and arguments.skip(b"["):
        return parse_section(arguments, peek=name == "BODY.PEEK")
    if name in _BINARIES and arguments.skip(b"["):
        return parse_binary(arguments, size=name == "BINARY.SIZE", peek=name != "BINARY")
    item = _PLAIN.get(name)
    if item is None:
        raise ParseError("Unknown item")
    if item is Item.PREVIEW:
        arguments.skip_text(b" (LAZY)")  # previews are made at arrival: nothing is worth putting off
    return item


def _modifiers(arguments: Arguments) -> Modifiers:
    found = Modifiers()
    arguments.open()
    while not arguments.closes():
        if found != Modifiers():
            arguments.space()
        name = arguments.keyword()
        if name == "CHANGEDSINCE":
            arguments.space()
            found = found._replace(changed_since=arguments.number64())
        elif name == "PARTIAL":
            arguments.space()
            found = found._replace(partial=partial_range(arguments))
        elif name == "VANISHED":
            found = found._replace(vanished=True)
        else:
            raise ParseError("Unknown modifier")
    arguments.close()
    if found.vanished and found.changed_since is None:
        raise ParseError("VANISHED needs CHANGEDSINCE")
    return found
