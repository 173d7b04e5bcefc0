"""Identifiers: ULIDs, 26 characters that sort by their time of birth.

48 bits of Unix milliseconds, then 80 bits that are random for each new millisecond and counted up within
one, so that the ids of one process strictly ascend, even when the wall clock steps back.
"""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_TAIL_END = 1 << 80

_millisecond = 0
_tail = 0


def new_ulid() -> str:
    """A fresh id: 26 characters of Crockford's base 32, greater than every earlier one of this process."""
    global _millisecond, _tail
    now = time.time_ns() // 1_000_000
    if now > _millisecond:
        _millisecond = now
        _tail = int.from_bytes(os.urandom(10), "big")
    else:
        _tail += 1
        if _tail == _TAIL_END:
            _millisecond += 1
            _tail = int.from_bytes(os.urandom(10), "big")
    return _crockford(_millisecond << 80 | _tail)


def _crockford(value: int) -> str:
    pairs = _PAIRS
    return "".join([pairs[value >> shift & 1023] for shift in range(120, -1, -10)])


def born(ulid: str) -> float:
    """When an id was made, in Unix seconds. Raises `ValueError`."""
    milliseconds = 0
    for letter in ulid[:10]:
        milliseconds = milliseconds << 5 | _ALPHABET.index(letter)
    return milliseconds / 1000
