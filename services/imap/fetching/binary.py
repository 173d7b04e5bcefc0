"""BINARY: parts without their transfer encoding (RFC 3516), decoded while they pass by.

A literal's size stands before it, and for a literal8 that it holds NUL. What is not at hand is therefore read twice:
once to count, once to send; a partial is read no further than it goes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

from services.imap.errors import No
from services.imap.fetching.ranges import octets
from services.imap.fetching.sections import Span
from shared.contracts.messages import Bulk
from shared.mail import parts
from shared.mail.parts import Kind
from shared.mail.transfer import KNOWN, decoder
from shared.protocols.imap import fetch_items
from shared.protocols.imap.syntax.section import Binary


class Part(NamedTuple):
    """Where a part's body stands, and how it is encoded."""

    place: Span
    encoding: str


class Extent(NamedTuple):
    size: int
    nul: bool  # whether there is a NUL in it


def find(item: Binary, bulk: Bulk) -> Part | None:
    """The part; None when there is none. Raises `No` for an encoding that nobody can undo."""
    if not item.path:
        return Part(Span(0, bulk.size), "")
    part = parts.find(bulk.parts, item.path)
    if part is None:
        return None
    encoding = (
        part.encoding if part.kind is Kind.LEAF else ""
    )  # those that hold others have none (RFC 2045 section 6.4)
    if encoding not in KNOWN and not encoding == "":
        raise No("The encoding of this part is not known", "UNKNOWN-CTE")
    return Part(Span(part.body_start + bulk.prefix, part.end + bulk.prefix), encoding)


def render(item: Binary, bulk: Bulk) -> bytes:
    """The item of a message that is here whole."""
    part = find(item, bulk)
    if part is None:
        return missing(item)
    one = decoder(part.encoding)
    decoded = one.feed(bulk.octets[part.place.start : part.place.end]) + one.finish()
    if item.size:
        return fetch_items.binary_size_item(item.label, len(decoded))
    if item.partial is not None:
        first, count = item.partial
        decoded = decoded[first : first + count]
    return fetch_items.binary_item(item.label, decoded)


def missing(item: Binary) -> bytes:
    """The item of a part that is not there."""
    if item.size:
        return fetch_items.binary_size_item(item.label, 0)
    return fetch_items.section_item(item.label, None)


async def measure(item: Binary, bulk: Bulk, part: Part) -> Extent:
    """How much `decoded` will yield."""
    size, nul = 0, False
    async with aclosing(decoded(item, bulk, part)) as pieces:
        async for piece in pieces:
            size += len(piece)
            nul = nul or b"\0" in piece
    return Extent(size, nul)


async def decoded(item: Binary, bulk: Bulk, part: Part) -> AsyncGenerator[bytes, None]:
    """The decoded octets, cut to the partial where there is one. Raises `Unavailable`."""
    first, count = item.partial or (0, part.place.end)  # nothing grows when it is decoded
    skip, left = first, count
    async with aclosing(_decoded(bulk, part)) as pieces:
        async for piece in pieces:
            wanted = piece[skip : skip + left]
            skip = max(skip - len(piece), 0)
            left -= len(wanted)
            if wanted:
                yield wanted
            if not left:
                return


async def _decoded(bulk: Bulk, part: Part) -> AsyncGenerator[bytes, None]:
    one = decoder(part.encoding)
    async with aclosing(octets(bulk, part.place)) as pieces:
        async for piece in pieces:
            yield one.feed(piece)
    yield one.finish()
