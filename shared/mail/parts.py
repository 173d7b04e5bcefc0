"""The table of a message's MIME parts: which octets BODY[1.2], BODY[3.HEADER] or BODY[1.MIME] are.

Packed with msgpack, stored beside the message, read at each FETCH of a section. The rows stand in preorder, the
message's own body first; each tells how many rows lie below it. Offsets count from the first octet of the stored
message; a copy that has a prefix in front of it shifts them (see `section`).

Numbering is that of RFC 3501 section 6.4.5: the parts of a multipart count from 1; a message that is no multipart
has one part 1, its body; below a message/rfc822 part the numbers are those of the message in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgpack

from shared.base.errors import EilpostError
from shared.mail.content import Kind as Kind

Row = list[object]  # see Part, with `below` behind it


class BrokenTable(EilpostError):
    """The octets are no part table: the store is damaged."""


class Part(NamedTuple):
    """One MIME entity. Its header is ``[header_start, body_start)``, its body ``[body_start, end)``."""

    kind: Kind
    type: str  # lower case
    subtype: str  # lower case
    charset: str  # lower case, "" when not given
    encoding: str  # lower case, "7bit" when not given
    header_start: int
    body_start: int
    end: int
    attachment: bool = False


class Node(NamedTuple):
    """A part and its place: rows ``[row + 1, row + below]`` lie below it."""

    part: Part
    row: int
    below: int


def pack(rows: list[Row]) -> bytes:
    """The table of rows: the fields of a `Part`, and how many rows lie below it."""
    packed: bytes = msgpack.packb(rows)
    return packed


def unpack(parts: bytes) -> list[Node]:
    """All parts of a table, in preorder. Raises `BrokenTable`."""
    try:
        rows = msgpack.unpackb(parts)
        return [Node(Part(Kind(row[0]), *row[1:9]), index, row[9]) for index, row in enumerate(rows)]
    except (ValueError, TypeError, IndexError, msgpack.UnpackException) as error:
        raise BrokenTable(f"{type(error).__name__} in a part table of {len(parts)} octets") from error


def find(parts: bytes, path: tuple[int, ...]) -> Part | None:
    """The part that ``path`` numbers; the message's own body for an empty path. None when there is none.

    Raises `BrokenTable`.
    """
    node = _find(unpack(parts), path)
    return None if node is None else node.part


def section(parts: bytes, path: tuple[int, ...], text: str = "", *, prefix: int = 0) -> tuple[int, int] | None:
    """Start and end of a section's octets, or None when the message has no such section.

    ``text`` is "" (the part's body, or with an empty path the whole message), "MIME", "HEADER" or "TEXT".
    ``prefix``: octets that stand in front of the stored message in this copy; they belong to its header.
    Raises `BrokenTable`.
    """
    nodes = unpack(parts)
    node = _find(nodes, path)
    if node is None:
        return None
    span = _span(nodes, node, path, text)
    if span is None:
        return None
    start, end = span
    at_top = start == 0 and (text in ("MIME", "HEADER") or not (path or text))
    return (0 if at_top else start + prefix), end + prefix


def _span(nodes: list[Node], node: Node, path: tuple[int, ...], text: str) -> tuple[int, int] | None:
    part = node.part
    if text == "MIME":
        return (part.header_start, part.body_start) if path else None
    if not text:
        return (part.body_start if path else 0), part.end
    if path:  # HEADER and TEXT: of the message inside
        if part.kind is not Kind.MESSAGE:
            return None
        part = nodes[node.row + 1].part
    return (part.header_start, part.body_start) if text == "HEADER" else (part.body_start, part.end)


def children(nodes: list[Node], node: Node) -> Iterator[Node]:
    """The parts directly below ``node``."""
    index, last = node.row + 1, node.row + node.below
    while index <= last:
        yield nodes[index]
        index += nodes[index].below + 1


def leaves(parts: bytes) -> Iterator[Part]:
    """All parts that hold no others, in order (for search). Raises `BrokenTable`."""
    for node in unpack(parts):
        if node.part.kind is Kind.LEAF:
            yield node.part


def _find(nodes: list[Node], path: tuple[int, ...]) -> Node | None:
    node = nodes[0] if nodes else None
    is_message_body = True  # of the outer message, or of the one in a message/rfc822 part
    for number in path:
        if node is None:
            return None
        if not is_message_body and node.part.kind is Kind.MESSAGE:
            node, is_message_body = nodes[node.row + 1], True
        if node.part.kind is Kind.MULTIPART:
            node = _nth(nodes, node, number)
        elif number != 1 or not is_message_body:
            return None
        is_message_body = False
    return node


def _nth(nodes: list[Node], node: Node, number: int) -> Node | None:
    for count, child in enumerate(children(nodes, node), 1):
        if count == number:
            return child
    return None
