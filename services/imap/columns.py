"""Messages as parallel packed columns, ascending by UID: 28 octets a message. Pure."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from shared.contracts.changes import Rows

_FEW = 16  # runs of removed rows up to which deleting in place beats building new columns

Runs = Sequence[tuple[int, int]]
"""Half-open ranges of positions, ascending and apart."""


def unpack(kind: str, octets: bytes) -> array[int]:
    """A packed little-endian column ("I": u32, "Q": u64, "q": i64) as an array."""
    column: array[int] = array(kind)
    column.frombytes(octets)
    if sys.byteorder != "little":
        column.byteswap()
    return column


def pack(uids: Iterable[int]) -> bytes:
    """A set of UIDs as contracts carry it: u32, little-endian."""
    return _packed(uids if isinstance(uids, array) else array("I", uids))


def pack_wide(numbers: array[int]) -> bytes:
    """A column of u64, likewise."""
    return _packed(numbers)


def _packed(column: array[int]) -> bytes:
    if sys.byteorder != "little":
        column = column[:]
        column.byteswap()
    return column.tobytes()


class Columns:
    """What is known of some messages of one mailbox."""

    __slots__ = ("dates", "flagsets", "modseqs", "sizes", "uids")

    def __init__(self) -> None:
        self.uids: array[int] = array("I")
        self.modseqs: array[int] = array("Q")
        self.flagsets: array[int] = array("I")
        self.sizes: array[int] = array("I")
        self.dates: array[int] = array("q")

    def __len__(self) -> int:
        return len(self.uids)

    def position(self, uid: int) -> int:
        """Index of ``uid``, -1 when it is not there."""
        index = bisect_left(self.uids, uid)
        return index if index < len(self.uids) and self.uids[index] == uid else -1

    def extend(self, rows: Rows, above: int) -> array[int]:
        """Append those of ``rows`` with a UID above ``above``; their flag sets."""
        uids = unpack("I", rows.uids)
        start = bisect_right(uids, above)
        flagsets = unpack("I", rows.flagsets)[start:]
        if flagsets:
            self.uids.extend(uids[start:])
            self.modseqs.extend(unpack("Q", rows.modseqs)[start:])
            self.flagsets.extend(flagsets)
            self.sizes.extend(unpack("I", rows.sizes)[start:])
            self.dates.extend(unpack("q", rows.dates)[start:])
        return flagsets

    def slice(self, start: int, end: int) -> Columns:
        """A copy of the rows ``[start, end)``."""
        part = Columns()
        part.uids = self.uids[start:end]
        part.modseqs = self.modseqs[start:end]
        part.flagsets = self.flagsets[start:end]
        part.sizes = self.sizes[start:end]
        part.dates = self.dates[start:end]
        return part

    def pick(self, runs: Runs) -> Columns:
        """A copy of the rows in ``runs``."""
        part = Columns()
        for start, end in runs:
            part.join(self.slice(start, end))
        return part

    def join(self, other: Columns) -> None:
        """Append rows whose UIDs are all above ours."""
        self.uids.extend(other.uids)
        self.modseqs.extend(other.modseqs)
        self.flagsets.extend(other.flagsets)
        self.sizes.extend(other.sizes)
        self.dates.extend(other.dates)

    def merged(self, other: Columns) -> Columns:
        """A copy of all rows of both, whose UIDs are different."""
        whole = Columns()
        at = index = 0
        while index < len(other):
            place = bisect_left(self.uids, other.uids[index], at)
            end = bisect_left(other.uids, self.uids[place], index) if place < len(self) else len(other)
            whole.join(self.slice(at, place))
            whole.join(other.slice(index, end))
            at, index = place, end
        whole.join(self.slice(at, len(self)))
        return whole

    def positions(self, uids: Iterable[int]) -> list[int]:
        """Indexes of the given UIDs (ascending), those left out that are not here."""
        here = self.uids
        size, found, at = len(here), [], 0
        for uid in uids:
            at = bisect_left(here, uid, at)
            if at == size:
                break
            if here[at] == uid:
                found.append(at)
        return found

    def at(self, positions: Sequence[int]) -> Columns:
        """A copy of single rows."""
        part = Columns()
        part.uids = array("I", map(self.uids.__getitem__, positions))
        part.modseqs = array("Q", map(self.modseqs.__getitem__, positions))
        part.flagsets = array("I", map(self.flagsets.__getitem__, positions))
        part.sizes = array("I", map(self.sizes.__getitem__, positions))
        part.dates = array("q", map(self.dates.__getitem__, positions))
        return part

    def runs_of(self, uids: Iterable[int]) -> list[tuple[int, int]]:
        """Where the given UIDs (ascending) stand, those left out that are not here."""
        runs: list[tuple[int, int]] = []
        for position in self.positions(uids):
            if runs and runs[-1][1] == position:
                runs[-1] = (runs[-1][0], position + 1)
            else:
                runs.append((position, position + 1))
        return runs

    def remove(self, runs: Runs) -> None:
        """Let go of the rows in ``runs``."""
        self.uids = _without(self.uids, runs)
        self.modseqs = _without(self.modseqs, runs)
        self.flagsets = _without(self.flagsets, runs)
        self.sizes = _without(self.sizes, runs)
        self.dates = _without(self.dates, runs)


def _without(column: array[int], runs: Runs) -> array[int]:
    if len(runs) <= _FEW:
        for start, end in reversed(runs):
            del column[start:end]
        return column
    kept: array[int] = array(column.typecode)
    at = 0
    for start, end in runs:
        kept.extend(column[at:start])
        at = end
    kept.extend(column[at:])
    return kept
