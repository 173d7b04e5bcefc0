"""Header blocks: fields, unfolding, and the subsets that IMAP sends (RFC 5322 section 2.2, RFC 6532).

A block is octets up to, and maybe including, the empty line that ends it. Lines end in CRLF or LF. A line that
is no field and no folding is skipped, so that one broken line does not hide what follows. First field wins.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from shared.mail.encoded_words import decode_words as decode_words

_NAME_END = b" \t"
_LOGICAL_LINE = re.compile(rb"\r?\n|[^\n]+(?:\n[ \t][^\n]*)*\n?")  # a line and its folded ones; an empty one has none


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
    for line in _LOGICAL_LINE.findall(block):
        name = _name(line)
        if name is not None:
            yield Field(name, line)


def first(block: bytes, name: bytes) -> bytes | None:
    """The value of the first field called ``name`` (lower case), unfolded, or None."""
    return collect(block, (name,), len(block) + 1).get(name)


def select(block: bytes, names: Collection[bytes], *, exclude: bool = False) -> bytes:
    """HEADER.FIELDS: the fields in ``names`` (lower case) as they stand; ``exclude`` for HEADER.FIELDS.NOT.

    The empty line at the end is kept where the block has one (RFC 9051 section 6.4.5.1).
    """
    kept = []
    for line in _LOGICAL_LINE.findall(block):
        name = _name(line)
        if name is None:
            if line.strip(b"\r\n") == b"":
                kept.append(line)
                break
            if exclude:
                kept.append(line)
        elif (name in names) is not exclude:
            kept.append(line)
    return b"".join(kept)


def _name(line: bytes) -> bytes | None:
    """What stands before the colon of a logical line; None for no field."""
    name, colon, _ = line.partition(b":")
    name = name.rstrip(_NAME_END)
    if not (colon and name) or b" " in name or b"\n" in name:
        return None
    return name.lower()
