"""What one session has been told of a view, and so its sequence numbers. Pure.

Invariants:

1. A session's sequence numbers count the messages it knows: those of the view up to ``last_uid``, and its *ghosts*,
   which are expunged but not yet told. So numbers stand still until `Snapshot.news` tells of the expunges.
2. Only this module translates between sequence numbers and UIDs.

A session costs nothing per message: the columns are shared, and ghosts exist only while it has not been told.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from services.imap.columns import Columns
from services.imap.view import View
from shared.protocols.imap.sets import STAR, SequenceSet


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


NEVER = 2**32  # a UID that no message has
NOTHING = News((), (), None, ())


class Snapshot:
    """What one session has been told of a view. ``recent_from``: UIDs from here on are \\Recent for it."""

    __slots__ = ("_ghosts", "_known_modseq", "_told", "last_uid", "recent_from", "told_modseq", "view")

    def __init__(self, view: View, recent_from: int) -> None:
        self.view = view
        self.recent_from = recent_from
        self.last_uid = view.uids[-1] if view.uids else 0
        self.told_modseq = view.modseq
        self._ghosts: Columns | None = None
        self._known_modseq = 0  # before the first of the ghosts was expunged
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
            if self._ghosts is None:
                self._known_modseq = self.view.modseq
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

    @property
    def safe_modseq(self) -> int:
        """The highest modseq up to which all expunges are told: from here a client may resynchronise."""
        return self.view.modseq if self._ghosts is None else self._known_modseq

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
        told = uids[: bisect_right(uids, self.last_uid)]
        if self._ghosts is None:
            positions = view.positions(told)
            columns = view.at(positions)
            return Located(columns, columns.uids, range(len(columns)), [position + 1 for position in positions])
        columns = view.pick(view.runs_of(told)).merged(self._ghosts.pick(self._ghosts.runs_of(uids)))
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
