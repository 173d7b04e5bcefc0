"""Header blocks: fields, unfolding, and the subsets that IMAP sends (RFC 5322 section 2.2, RFC 6532).

A block is octets up to, and maybe including, the empty line that ends it. Lines end in CRLF or LF. A line that
is no field and no folding is skipped, so that one broken line does not hide what follows. First field wins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from shared.mail.encoded_words import decode_words as decode_words

_NAME_END = b" \t"


class Field(NamedTuple):
    """One header field: its name in lower case, and the octets of its lines, line ends included."""

    name: bytes
    raw: bytes

    @property
    def value(self) -> bytes:
        """The body of the field, unfolded, without the white space around it."""
        return unfold(self.raw.partition(b":")[2]).strip()


def unfold(octets: bytes) -> bytes:
    """``octets`` without the line ends of folded lines (RFC 5322 section 2.2.3)."""
    if b"\n" not in octets:
        return octets
    return octets.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b"\t")


def collect(block: bytes, names: Collection[bytes], limit: int) -> dict[bytes, bytes]:
    """The first value of each field in ``names`` (lower case), of at most ``limit`` fields; unfolded, stripped."""
    found: dict[bytes, bytes] = {}
    for line in unfold(block).split(b"\n", limit)[:limit]:
        name, colon, value = line.partition(b":")
        key = name.lower()
        if key not in names:
            key = key.rstrip(_NAME_END)  # obsolete syntax: white space before the colon
            if key not in names:
                continue
        if colon and key not in found:
            found[key] = value.strip()
    return found


def fields(block: bytes) -> Iterator[Field]:
    """The fields of a block, in order."""
    for start, end in _spans(block):
        name = _name(block, start, end)
        if name is not None:
            yield Field(name, block[start:end])


def first(block: bytes, name: bytes) -> bytes | None:
    """The value of the first field called ``name`` (lower case), unfolded, or None."""
    return collect(block, (name,), len(block) + 1).get(name)


def select(block: bytes, names: Collection[bytes], *, exclude: bool = False) -> bytes:
    """HEADER.FIELDS: the fields in ``names`` (lower case) as they stand; ``exclude`` for HEADER.FIELDS.NOT.

    The empty line at the end is kept where the block has one (RFC 9051 section 6.4.5.1).
    """
    kept = []
    for start, end in _spans(block):
        name = _name(block, start, end)
        if name is None:
            if block[start:end].strip(b"\r\n") == b"":
                kept.append(block[start:end])
                break
            if exclude:
                kept.append(block[start:end])
        elif (name in names) is not exclude:
            kept.append(block[start:end])
    return b"".join(kept)


def _spans(block: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each logical line: a line and its folded ones."""
    start, size = 0, len(block)
    while start < size:
        end = block.find(b"\n", start) + 1
        is_empty = block[start:end] in (b"\r\n", b"\n")
        while 0 < end < size and block[end] in _NAME_END and not is_empty:
            end = block.find(b"\n", end) + 1
        if end == 0:
            end = size
        yield start, end
        start = end


def _name(block: bytes, start: int, end: int) -> bytes | None:
    colon = block.find(b":", start, end)
    if colon < 0:
        return None
    name = block[start:colon].rstrip(_NAME_END)
    if not name or b" " in name or b"\n" in name:
        return None
    return name.lower()
