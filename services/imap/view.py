"""The state of one mailbox in one process, shared by all its sessions. Pure.

Invariants:

1. UIDs are strictly ascending. Rows change only in `View.apply` and `View.replace`, and none is ever put in the
   middle: a new message's UID is above all earlier ones.
2. A change is applied only from the state that it starts from: older ones are dropped, a gap is reported.
3. Whoever holds a `Snapshot` learns of each row that is let go of before the view is used again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from enum import Enum
from typing import Protocol

from services.imap.columns import Columns, unpack
from services.imap.flagsets import FlagTable
from shared.contracts.changes import Change, Rows

_RECENT_CHANGES = 2048  # changes remembered, so that telling a session what is new needs no look at every row


class Outcome(Enum):
    """What became of a change."""

    APPLIED = "applied"
    OLD = "old"
    GAP = "gap"  # something before it is missing here, or it came without its rows


class Witness(Protocol):
    """Who wants to know at once what the view lets go of: a session's `Snapshot`."""

    def lost(self, gone: Columns) -> None: ...


class View(Columns):
    """One mailbox, as this process knows it up to ``modseq``."""

    __slots__ = ("_log_floor", "_log_modseqs", "_log_uids", "counts", "keywords", "modseq", "snapshots", "table",
                 "uidnext")  # fmt: skip

    def __init__(self, table: FlagTable) -> None:
        super().__init__()
        self.table = table
        self.modseq = 0
        self.uidnext = 1
        self.snapshots: set[Witness] = set()
        self.counts: dict[int, int] = {}  # messages per flag set
        self.keywords: dict[str, str] = {}  # lower case to as written; grows only, as clients expect
        self._log_modseqs: array[int] | None = None
        self._log_uids: array[int] | None = None
        self._log_floor = 0

    def load(self, rows: Rows) -> None:
        """Append one page of the first reading; what is here already is skipped."""
        self._append(rows, self.uids[-1] if self.uids else 0)

    def loaded(self, modseq: int, uidnext: int) -> None:
        """End of the first reading: it is true as of ``modseq``."""
        self.modseq = self._log_floor = modseq
        self.uidnext = max(uidnext, self.uidnext)

    def apply(self, change: Change) -> Outcome:
        """Go from ``change.previous`` to ``change.modseq``; the snapshots learn of it at their next `news`."""
        if change.modseq <= self.modseq:
            return Outcome.OLD
        if change.previous > self.modseq or not change.complete:
            return Outcome.GAP
        self.table.learn(change.flagsets)
        if change.vanished:
            self._lose(self.runs_of(unpack("I", change.vanished)))
        if change.rows.uids:
            self._update(change.rows)
        self.modseq = change.modseq
        self.uidnext = max(self.uidnext, change.uidnext)
        return Outcome.APPLIED

    def replace(self, fresh: View) -> None:
        """Take the state of a view that was read anew, when the difference could not be had."""
        self._lose(self.runs_of(sorted(set(self.uids).difference(fresh.uids))))
        self.uids, self.modseqs, self.flagsets = fresh.uids, fresh.modseqs, fresh.flagsets
        self.sizes, self.dates, self.counts = fresh.sizes, fresh.dates, fresh.counts
        self.keywords.update(fresh.keywords)
        self.modseq, self.uidnext = fresh.modseq, max(self.uidnext, fresh.uidnext)
        self._log_modseqs = self._log_uids = None
        self._log_floor = self.modseq

    def changed_since(self, modseq: int) -> Iterable[int]:
        """UIDs of messages changed after ``modseq``, each at least once; may name some that are gone."""
        if modseq >= self.modseq:
            return ()
        if modseq < self._log_floor:
            return [uid for uid, at in zip(self.uids, self.modseqs, strict=True) if at > modseq]
        if self._log_modseqs is None or self._log_uids is None:
            return ()
        return self._log_uids[bisect_right(self._log_modseqs, modseq) :]

    def first_unseen(self) -> int:
        """Index of the first message without \\Seen, -1 for none."""
        unseen = [number for number in self.counts if not self.table[number].seen]
        return min(map(self.flagsets.index, unseen), default=-1)

    def _update(self, rows: Rows) -> None:
        uids, modseqs = unpack("I", rows.uids), unpack("Q", rows.modseqs)
        flagsets = unpack("I", rows.flagsets)
        last = self.uids[-1] if self.uids else 0
        for index, uid in enumerate(uids):
            if uid > last:
                break  # ascending: from here on all are new
            position = self.position(uid)
            if position >= 0 and modseqs[index] > self.modseqs[position]:
                self.modseqs[position] = modseqs[index]
                self._recount(self.flagsets[position], -1)
                self._recount(flagsets[index], 1)
                self.flagsets[position] = flagsets[index]
        self._append(rows, max(last, self.uidnext - 1))
        self._remember(uids, modseqs)

    def _append(self, rows: Rows, above: int) -> None:
        flagsets = self.extend(rows, above)
        for number in set(flagsets):
            self._recount(number, flagsets.count(number))

    def _recount(self, flagset: int, by: int) -> None:
        count = self.counts.get(flagset, 0) + by
        if not count:
            del self.counts[flagset]
            return
        if flagset not in self.counts:
            for keyword in self.table[flagset].keywords:
                self.keywords.setdefault(keyword.lower(), keyword)
        self.counts[flagset] = count

    def _remember(self, uids: array[int], modseqs: array[int]) -> None:
        """Note changes for `changed_since`, in the order of their modseqs."""
        if self._log_modseqs is None or self._log_uids is None:
            self._log_modseqs, self._log_uids = array("Q"), array("I")
            self._log_floor = self.modseq
        for modseq, uid in sorted(zip(modseqs, uids, strict=True)):
            if modseq > self.modseq:  # an overlapping change tells older things again
                self._log_modseqs.append(modseq)
                self._log_uids.append(uid)
        if len(self._log_uids) > _RECENT_CHANGES:
            cut = len(self._log_uids) - _RECENT_CHANGES // 2
            self._log_floor = self._log_modseqs[cut - 1]
            del self._log_modseqs[:cut], self._log_uids[:cut]

    def _lose(self, runs: list[tuple[int, int]]) -> None:
        if not runs:
            return
        gone = self.pick(runs)
        for number in set(gone.flagsets):
            self._recount(number, -gone.flagsets.count(number))
        self.remove(runs)
        for snapshot in self.snapshots:
            snapshot.lost(gone)
