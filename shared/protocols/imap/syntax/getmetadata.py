"""GETMETADATA (RFC 5464 section 4.2)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.entry import entries, entry
from shared.protocols.imap.tokens import Arguments

ALL = -1  # DEPTH infinity
_DEPTHS = {b"0": 0, b"1": 1, b"INFINITY": ALL}


class GetMetadata(NamedTuple):
    """Tell annotations of a mailbox, "" for the server.

    ``depth``: so many levels below ``entries`` as well, or `ALL`; ``max_size``: values of at most so many octets.
    """

    mailbox: str
    entries: tuple[str, ...]
    depth: int = 0
    max_size: int | None = None


def parse(arguments: Arguments) -> GetMetadata:
    """``[SP options] SP mailbox SP entries``.

    The examples of the RFC have the options behind the mailbox, where its grammar does not; both are taken.
    """
    arguments.space()
    options: dict[str, int] | None = None
    if arguments.peek() == b"(":
        options = _options(arguments)
        arguments.space()
    name = mailbox(arguments)
    arguments.space()
    if options is None and arguments.peek() == b"(":
        options, named = _options_or_entries(arguments)
        if named:
            return GetMetadata(name, named)
        arguments.space()
    options = options or {}
    return GetMetadata(name, entries(arguments), options.get("DEPTH", 0), options.get("MAXSIZE"))


def _options(arguments: Arguments) -> dict[str, int]:
    return dict(arguments.items(_option))


def _option(arguments: Arguments) -> tuple[str, int]:
    word = arguments.keyword()
    arguments.space()
    if word == "MAXSIZE":
        return word, arguments.number()
    depth = _DEPTHS.get(arguments.atom().upper()) if word == "DEPTH" else None
    if depth is None:
        raise ParseError("MAXSIZE or DEPTH expected")
    return word, depth


def _options_or_entries(arguments: Arguments) -> tuple[dict[str, int], tuple[str, ...]]:
    """What a parenthesis behind the mailbox holds: entries begin with a slash, options do not."""
    read: list[tuple[str, int]] = []
    named: list[str] = []
    arguments.open()
    while not arguments.closes():
        if read or named:
            arguments.space()
        if named or (not read and arguments.peek() in (b"/", b'"', b"{")):
            named.append(entry(arguments))
        else:
            read.append(_option(arguments))
    arguments.close()
    if not read and not named:
        raise ParseError("No entry")
    return dict(read), tuple(dict.fromkeys(named))
