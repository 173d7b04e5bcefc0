"""One id for the walk of a letter or of a session, as logs and as W3C Trace Context write it. Pure.

In logs it is a ULID. Its 128 bits are the trace id, and the lower half of them is the id of the trace's first span:
who knows the one knows the other, whatever got lost on the way.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

_ULID = 26  # characters
_DIGITS = str.maketrans("ABCDEFGHJKMNPQRSTVWXYZ", "abcdefghijklmnopqrstuv", "ILOUabcdefghijklmnopqrstuvwxyz_+- ")
_HALF = (1 << 64) - 1
_HEXADECIMAL = frozenset(b"0123456789abcdef")
_SAMPLED = 1


class Place(NamedTuple):
    """A span as others name it: 128 and 64 bits, neither zero."""

    trace: int
    span: int


def trace_id(trace: str) -> int:
    """The bits of a ULID; of any other text, 128 bits that always come out the same."""
    digits = trace.translate(_DIGITS)
    if len(digits) == len(trace) == _ULID and digits.isascii() and digits[0] <= "7":
        try:
            return int(digits, 32) or 1
        except ValueError:
            pass
    return int.from_bytes(sha256(trace.encode("utf-8", "surrogateescape")).digest()[:16], "big") or 1


def first_span(trace: int) -> int:
    """The id of the span that a trace begins with."""
    return trace & _HALF or 1


def write(place: Place) -> bytes:
    """The value of ``traceparent``, sampled."""
    return b"00-%032x-%016x-01" % place


def read(value: bytes) -> Place | None:
    """What ``traceparent`` names; None where it names nothing, or something that nobody wants recorded."""
    parts = value.split(b"-")
    version = parts[0]
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2] or not _HEXADECIMAL.issuperset(b"".join(parts[:4])):
        return None
    if version == b"ff" or (version == b"00" and len(parts) != 4):  # later versions may say more behind it
        return None
    place = Place(int(parts[1], 16), int(parts[2], 16))
    return place if all(place) and int(parts[3], 16) & _SAMPLED else None
