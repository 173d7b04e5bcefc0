"""Octets of a message, wherever it is: in what storage answered, or behind a URL and then read as a range."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from services.imap.fetching.sections import Span, header_octets, narrowed, selects_fields, span
from shared.contracts.errors import Unavailable
from shared.contracts.messages import Bulk
from shared.net import bulk as data_plane
from shared.protocols.imap.syntax.section import Section


async def octets(bulk: Bulk, wanted: Span) -> AsyncGenerator[bytes, None]:
    """The octets of a range, none more than it has. Raises `Unavailable` when they cannot be read to the end.

    Nothing is yielded before storage has begun to send what it has to.
    """
    if not bulk.url:
        yield bulk.octets[wanted.start : wanted.end]
        return
    prefix = bulk.octets[wanted.start : min(wanted.end, bulk.prefix)] if wanted.start < bulk.prefix else b""
    start = max(wanted.start, bulk.prefix)
    left = wanted.end - start
    if left <= 0:
        yield prefix
        return
    async with aclosing(data_plane.fetch(bulk.url, start - bulk.prefix, left)) as pieces:
        first = await anext(pieces, b"")
        left -= len(first)
        if prefix:
            yield prefix
        yield first
        async for piece in pieces:
            left -= len(piece)
            yield piece
    if left:
        raise Unavailable("the message cannot be read to its end")


async def gathered(bulk: Bulk, wanted: Span) -> bytes:
    """A range that is small enough to be held, such as a header."""
    found = bytearray()
    async with aclosing(octets(bulk, wanted)) as pieces:
        async for piece in pieces:
            found += piece
    return bytes(found)


async def section_octets(section: Section, bulk: Bulk) -> AsyncGenerator[bytes, None]:
    """What FETCH would answer for ``section``. Raises `LookupError` when there is no such part."""
    place = span(section, bulk)
    if place is None:
        raise LookupError("no such part")
    if selects_fields(section):
        yield header_octets(section, await gathered(bulk, place))
        return
    async with aclosing(octets(bulk, narrowed(section, place))) as pieces:
        async for piece in pieces:
            yield piece
