"""What was expunged while a client was away: VANISHED (EARLIER) (RFC 7162 sections 3.2.5 and 3.2.6).

Storage remembers expunges for a while. Further back everything that is not in the mailbox counts as expunged, which
names UIDs that the client never saw but misses none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from services.imap.columns import unpack
from services.imap.context import MailboxContext
from shared.contracts import mailboxes
from shared.contracts.mailboxes import VanishedRequest
from shared.protocols.imap import responses
from shared.protocols.imap.sets import EVERYTHING, SequenceSet, runs
from shared.protocols.imap.syntax.select import Resync

_PAIRS = 10_000  # of known numbers and UIDs that are looked at; clients send a few dozen

Ranges = Sequence[tuple[int, int]]


async def tell_vanished(mailbox: MailboxContext, known: Ranges, since: int, floor: int = 0) -> None:
    """Tell which of the UIDs in ``known`` (ascending ranges) were expunged after the modseq ``since``.

    UIDs up to ``floor`` are left out: the client knows of them. What the session still counts is left out too, for
    it is told when it may be. Raises `Refused` and `Unavailable`.
    """
    reply = await mailbox.call(mailboxes.vanished, VanishedRequest(mailbox.grant, mailbox.live.mailbox, since))
    known = [(max(low, floor + 1), high) for low, high in known if high > floor]
    there = mailbox.snapshot.uids_in(EVERYTHING)
    if reply.complete:
        gone = runs(_within(known, unpack("I", reply.uids), there))
    else:
        gone = _gaps(known, there)
    for line in responses.vanished(gone, earlier=True):
        mailbox.talk.out.write(line)
        await mailbox.talk.out.room()


def known_uids(mailbox: MailboxContext, numbers: SequenceSet | None) -> Ranges:
    """The UIDs that a client names, whether they are there or not, as far as they were ever given out.

    "*" is the last of them here: who asks for ``1:*`` wants to hear of the end of the mailbox too.
    """
    last = mailbox.view.uidnext - 1
    if numbers is None:
        return [(1, last)] if last else []
    if numbers.saved:
        return list(runs(mailbox.saved or ()))
    return [(low, min(high, last)) for low, high in numbers.resolve(last) if low <= last]


def matched(mailbox: MailboxContext, resync: Resync) -> int:
    """The highest UID that still has the number which the client remembers: up to there it knows all expunges."""
    floor = 0
    pairs = zip(_each(resync.match_numbers), _each(resync.match_uids), strict=False)
    for _, (number, uid) in zip(range(_PAIRS), pairs, strict=False):
        if uid > floor and mailbox.snapshot.sequence(uid) == number:
            floor = uid
    return floor


def _each(numbers: SequenceSet) -> Iterator[int]:
    for low, high in numbers.ranges:
        yield from range(low, high + 1)


def _within(known: Ranges, uids: array[int], there: array[int]) -> Iterable[int]:
    """Those of ``uids`` that are in ``known`` and not ``there``."""
    for low, high in known:
        for uid in uids[bisect_left(uids, low) : bisect_right(uids, high)]:
            at = bisect_left(there, uid)
            if at == len(there) or there[at] != uid:
                yield uid


def _gaps(known: Ranges, there: array[int]) -> Iterator[tuple[int, int]]:
    """The UIDs in ``known`` that are not ``there``, as ranges."""
    for low, high in known:
        at = bisect_left(there, low)
        while low <= high:
            if at == len(there) or there[at] > high:
                yield low, high
                break
            if there[at] > low:
                yield low, there[at] - 1
            # UIDs less their places only grow, so the end of a run without gaps is found without walking it
            end = bisect_right(range(at, len(there)), there[at] - at, key=lambda place: there[place] - place) + at
            low, at = there[end - 1] + 1, end
