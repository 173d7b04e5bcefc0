"""The state of one mailbox in one process, and what each session has been told of it. Pure.

Invariants:

1. UIDs are strictly ascending. Rows change only in `View.apply` and `View.replace`, and none is ever put in the
   middle: a new message's UID is above all earlier ones.
2. A session's sequence numbers count the messages it knows: those of the view up to ``last_uid``, and its *ghosts*,
   which are expunged but not yet told. So numbers stand still until `Snapshot.news` tells of the expunges.
3. A change is applied only from the state that it starts from: older ones are dropped, a gap is reported.
4. Only this module translates between sequence numbers and UIDs.

A session costs nothing per message: the columns are shared, and ghosts exist only while it has not been told.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from services.imap.columns import Columns, unpack
from services.imap.flagsets import FlagTable
from shared.contracts.changes import Change, Rows
from shared.protocols.imap.sets import STAR, SequenceSet

_RECENT_CHANGES = 2048  # changes remembered, so that telling a session what is new needs no look at every row


class Outcome(Enum):
    """What became of a change."""

    APPLIED = "applied"
    OLD = "old"
    GAP = "gap"  # something before it is missing here, or it came without its rows


class Located(NamedTuple):
    """Messages side by side: UIDs, indexes into ``columns`` (until the view changes), sequence numbers."""

    columns: Columns
    uids: array[int]
    positions: range
    sequences: Sequence[int]


class FlagNews(NamedTuple):
    sequence: int
    uid: int
    flagset: int
    modseq: int


class News(NamedTuple):
    """What a session is to be told, in this order."""

    expunged: Sequence[int]  # sequence numbers, each as it is once those before it are gone
    vanished: Sequence[int]  # their UIDs
    exists: int | None
    flags: Sequence[FlagNews]


NOTHING = News((), (), None, ())


class View(Columns):
    """One mailbox, as this process knows it up to ``modseq``."""

    __slots__ = ("_log_floor", "_log_modseqs", "_log_uids", "counts", "keywords", "modseq", "snapshots", "table",
                 "uidnext")  # fmt: skip

    def __init__(self, table: FlagTable) -> None:
        super().__init__()
        self.table = table
        self.modseq = 0
        self.uidnext = 1
        self.snapshots: set[Snapshot] = set()
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


class Snapshot:
    """What one session has been told of a view. ``recent_from``: UIDs from here on are \\Recent for it."""

    __slots__ = ("_ghosts", "_told", "last_uid", "recent_from", "told_modseq", "view")

    def __init__(self, view: View, recent_from: int) -> None:
        self.view = view
        self.recent_from = recent_from
        self.last_uid = view.uids[-1] if view.uids else 0
        self.told_modseq = view.modseq
        self._ghosts: Columns | None = None
        self._told: dict[int, int] | None = None
        view.snapshots.add(self)

    def close(self) -> None:
        """The session leaves the mailbox."""
        self.view.snapshots.discard(self)

    def lost(self, gone: Columns) -> None:
        """The view let go of these. Called by the view only."""
        known = bisect_right(gone.uids, self.last_uid)
        if known:
            lost = gone.slice(0, known)
            self._ghosts = self._ghosts.merged(lost) if self._ghosts else lost

    # --- numbers ---

    def _known(self) -> int:
        """Messages of the view that the session knows."""
        uids = self.view.uids
        if not uids or uids[-1] <= self.last_uid:
            return len(uids)
        return bisect_right(uids, self.last_uid)

    @property
    def exists(self) -> int:
        """The highest sequence number."""
        return self._known() + (len(self._ghosts) if self._ghosts else 0)

    @property
    def recent(self) -> int:
        """Messages that are \\Recent for this session."""
        known = self._known()
        return known - bisect_left(self.view.uids, self.recent_from, 0, known)

    @property
    def missing(self) -> bool:
        """Whether some messages that the session still counts are gone."""
        return self._ghosts is not None

    def sequence(self, uid: int) -> int:
        """The sequence number of a message that the session knows; 0 when it does not."""
        position = bisect_left(self.view.uids, uid)
        there = uid <= self.last_uid and position < len(self.view.uids) and self.view.uids[position] == uid
        if self._ghosts is None:
            return position + 1 if there else 0
        before = bisect_left(self._ghosts.uids, uid)
        return position + before + 1 if there or self._ghosts.position(uid) >= 0 else 0

    def _below(self, sequence: int) -> int:
        """How many of the first ``sequence`` messages are still in the view."""
        if self._ghosts is None:
            return sequence
        uids, ghosts = self.view.uids, self._ghosts.uids
        return sequence - bisect_right(
            range(len(ghosts)), sequence, key=lambda index: bisect_left(uids, ghosts[index]) + index + 1
        )

    def uids_of(self, numbers: SequenceSet) -> array[int]:
        """UIDs of the messages with these sequence numbers, ascending.

        Raises IndexError for a number that no message has; in an empty mailbox ``1:*`` names nothing.
        """
        exists = self.exists
        named: array[int] = array("I")
        if not exists and all(STAR in pair for pair in numbers.ranges):
            return named
        for low, high in numbers.resolve(exists):
            if high > exists:
                raise IndexError(high)
            start, end = self._below(low - 1), self._below(high)
            named.extend(self._joined(start, end, low - 1 - start, high - end))
        return named

    def uids_in(self, numbers: SequenceSet) -> array[int]:
        """UIDs of the messages known to the session within these UID ranges, ascending."""
        uids, ghosts, known = self.view.uids, self._ghosts, self._known()
        named: array[int] = array("I")
        for low, high in numbers.resolve(self._highest(known)):
            start, end = bisect_left(uids, low, 0, known), bisect_right(uids, high, 0, known)
            if ghosts is None:
                named.extend(uids[start:end])
            else:
                named.extend(self._joined(start, end, bisect_left(ghosts.uids, low), bisect_right(ghosts.uids, high)))
        return named

    def _joined(self, start: int, end: int, first_ghost: int, last_ghost: int) -> array[int]:
        named = self.view.uids[start:end]
        if self._ghosts is not None and last_ghost > first_ghost:
            return array("I", sorted(named + self._ghosts.uids[first_ghost:last_ghost]))
        return named

    def _highest(self, known: int) -> int:
        highest = self.view.uids[known - 1] if known else 0
        return max(highest, self._ghosts.uids[-1]) if self._ghosts else highest

    # --- messages ---

    def known(self) -> Columns:
        """A copy of all that the session knows; the sequence number of each is its index plus one."""
        columns = self.view.slice(0, self._known())
        return columns.merged(self._ghosts) if self._ghosts else columns

    def locate(self, uids: array[int]) -> Located:
        """Where these messages (ascending) stand now; those that are not known here are left out."""
        view = self.view
        start = bisect_left(view.uids, uids[0]) if uids else 0
        end = start + len(uids)
        if self._ghosts is None and (not uids or uids[-1] <= self.last_uid) and view.uids[start:end] == uids:
            return Located(view, uids, range(start, end), range(start + 1, end + 1))
        columns = view.pick(view.runs_of(uid for uid in uids if uid <= self.last_uid))
        if self._ghosts is not None:
            columns = columns.merged(self._ghosts.pick(self._ghosts.runs_of(uids)))
        return Located(columns, columns.uids, range(len(columns)), [self.sequence(uid) for uid in columns.uids])

    # --- news ---

    def told(self, uid: int, modseq: int) -> None:
        """The session has just been told this message's flags as of ``modseq`` by the command in progress."""
        if self._told is None:
            self._told = {}
        self._told[uid] = modseq

    def grow(self) -> bool:
        """Take in the new messages alone, of which the session is told now; whether there are any."""
        uids = self.view.uids
        start = self._known()
        if start == len(uids):
            return False
        for position in range(start, len(uids)):
            self.told(uids[position], self.view.modseqs[position])
        self.last_uid = uids[-1]
        return True

    @property
    def fresh(self) -> bool:
        """Whether there is nothing to tell."""
        return self.told_modseq == self.view.modseq and self._ghosts is None

    def news(self, expunges: bool) -> News:
        """All that the session has not been told, which it is from now on.

        With ``expunges`` False what is gone stays a ghost (RFC 3501 section 7.4.1).
        """
        view = self.view
        if self.told_modseq == view.modseq and (self._ghosts is None or not expunges):
            self._told = None
            return NOTHING
        expunged: Sequence[int] = ()
        vanished: Sequence[int] = ()
        if expunges and self._ghosts is not None:
            vanished, self._ghosts = self._ghosts.uids, None
            expunged = array("I", (bisect_left(view.uids, uid) + 1 for uid in vanished))
        before = self.last_uid
        grown = bool(view.uids) and view.uids[-1] > before
        if grown:
            self.last_uid = view.uids[-1]
        flags = self._flag_news(before)
        self.told_modseq = view.modseq
        self._told = None
        return News(expunged, vanished, self.exists if grown else None, flags)

    def _flag_news(self, before: int) -> list[FlagNews]:
        """Flags that changed; of messages above ``before``, which are new, only where they changed after arrival."""
        view, told = self.view, self._told or {}
        news: list[FlagNews] = []
        changes = Counter(view.changed_since(self.told_modseq))
        for uid in sorted(changes):
            position = view.position(uid)
            if position < 0 or (uid > before and changes[uid] == 1):
                continue
            modseq = view.modseqs[position]
            if modseq > self.told_modseq and told.get(uid, 0) < modseq:
                news.append(FlagNews(self.sequence(uid), uid, view.flagsets[position], modseq))
        return news
