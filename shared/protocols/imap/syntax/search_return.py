"""What SEARCH, SORT and ESEARCH are asked to return (RFC 4731, RFC 5182, RFC 5267, RFC 5465, RFC 6203, RFC 9394)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.partial import PartialRange, partial_range
from shared.protocols.imap.syntax.fetch import FetchItem, data_items
from shared.protocols.imap.tokens import Arguments

OPTIONS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE", "CONTEXT", "UPDATE", "RELEVANCY"})


class Returns(NamedTuple):
    """``options`` are of `OPTIONS`, ``partial`` is PARTIAL's range.

    ``items`` are told of each message that arrives and joins what UPDATE follows (RFC 5465 section 7).
    """

    options: frozenset[str]
    partial: PartialRange | None = None
    items: tuple[FetchItem, ...] = ()


ALL = Returns(frozenset({"ALL"}))


def returns(arguments: Arguments) -> Returns | None:
    """``["RETURN" SP "(" [option *(SP option)] ")" SP]``; no option at all means ALL."""
    if not arguments.skip_word(b"RETURN"):
        return None
    arguments.space()
    options: set[str] = set()
    ranges: list[PartialRange] = []
    items: list[FetchItem] = []
    last = ""

    def read(arguments: Arguments) -> None:
        nonlocal last
        if last == "UPDATE" and not items and arguments.peek() == b"(":
            items.extend(data_items(arguments))
            return
        name = last = arguments.keyword()
        if name == "PARTIAL":
            arguments.space()
            ranges.append(partial_range(arguments))
        elif name in OPTIONS:
            options.add(name)
        else:
            raise ParseError("Unknown return option")

    arguments.items(read)
    arguments.space()
    if len(ranges) + ("ALL" in options) > 1:
        raise ParseError("PARTIAL or ALL, and only once")
    if not ranges and not options:
        return ALL
    return Returns(frozenset(options), ranges[0] if ranges else None, tuple(items))
