"""Searches whose results are followed while the mailbox is selected: RETURN (UPDATE) (RFC 5267 section 4.3).

Invariant: what the client has been told makes up ``results``, in its order, of messages that the session knows. What
goes is told before the EXPUNGE that takes its number, what comes after the EXISTS that gives it one.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import compress

from services.imap.context import MailboxContext
from services.imap.fetching.plan import plan
from services.imap.fetching.send import send
from services.imap.searching.evaluate import Search
from services.imap.searching.fuzzy import Reading, read
from services.imap.searching.keys import replaced
from services.imap.searching.order import sort
from services.imap.snapshot import News
from shared.base.errors import EilpostError
from shared.protocols.imap import responses
from shared.protocols.imap.sets import SequenceSet, runs
from shared.protocols.imap.syntax.fetch import FetchItem
from shared.protocols.imap.syntax.search_key import Key, Numbers
from shared.protocols.imap.syntax.sort import Criterion

MOST = 16  # of one session

Positions = list[tuple[int, Sequence[int]]]


class Update:
    """One followed search. ``criteria`` are those of SORT; without them the order is that of the mailbox.

    ``items`` are told of messages that arrive and fit (RFC 5465 section 7).
    """

    __slots__ = ("_criteria", "_items", "_key", "_last_uid", "_modseq", "_results", "_tag", "by_number")

    def __init__(
        self,
        mailbox: MailboxContext,
        key: Key,
        criteria: Sequence[Criterion],
        results: Sequence[int],
        items: tuple[FetchItem, ...],
        *,
        uid: bool,
    ) -> None:
        self._tag = mailbox.talk.tag
        self.by_number = not uid
        self._key = replaced(read(key, Reading.BEGINNINGS), lambda each: _by_uid(mailbox, each))
        self._criteria = criteria
        self._results = list(results)
        self._items = items
        self._last_uid = mailbox.snapshot.last_uid
        self._modseq = mailbox.snapshot.told_modseq

    def before_news(self, mailbox: MailboxContext, news: News) -> None:
        """Messages are about to be told as expunged."""
        gone = set(news.vanished).intersection(self._results)
        if gone:
            numbers = {
                uid: number + before
                for before, (uid, number) in enumerate(zip(news.vanished, news.expunged, strict=True))
            }
            self._tell_gone(mailbox, gone, numbers)

    async def after_news(self, mailbox: MailboxContext) -> bool:
        """Messages came or changed, and the client knows; False when this search cannot be followed any longer."""
        snapshot, view = mailbox.snapshot, mailbox.view
        since, self._modseq = self._modseq, snapshot.told_modseq
        known, self._last_uid = self._last_uid, snapshot.last_uid
        changed = {uid for uid in view.changed_since(since) if uid <= snapshot.last_uid and view.position(uid) >= 0}
        if not changed:
            return True
        try:
            hits = await self._fitting(mailbox, changed)
            before = set(self._results)
            if gone := (changed & before) - hits:
                self._tell_gone(mailbox, gone, {uid: snapshot.sequence(uid) for uid in gone})
            if new := hits - before:
                await self._fetch(mailbox, array("I", sorted(uid for uid in new if uid > known)))
                await self._tell_new(mailbox, new)
        except EilpostError:
            code = responses.no_update_code(self._tag)
            mailbox.talk.out.write(responses.untagged("NO", "This search is no longer followed", code))
            return False
        return True

    async def _fitting(self, mailbox: MailboxContext, uids: Collection[int]) -> set[int]:
        search = Search(mailbox)
        mask = bytes([uid in uids for uid in search.uids])
        return set(compress(search.uids, await search.fitting(self._key, mask)))

    def _tell_gone(self, mailbox: MailboxContext, gone: Collection[int], numbers: dict[int, int]) -> None:
        named = {uid: numbers[uid] if self.by_number else uid for uid in gone}
        positions: Positions = [(0, [named[uid] for uid in sorted(gone)])]
        if self._criteria:
            places = [place for place, uid in enumerate(self._results) if uid in gone]
            positions = [(place + 1 - before, [named[self._results[place]]]) for before, place in enumerate(places)]
        self._results = [uid for uid in self._results if uid not in gone]
        self._write(mailbox, "REMOVEFROM", positions)

    async def _fetch(self, mailbox: MailboxContext, arrived: array[int]) -> None:
        if self._items and arrived:
            modseq = mailbox.account.dialect.modseqs
            await send(mailbox, arrived, plan(self._items, uid=not self.by_number, modseq=modseq))

    async def _tell_new(self, mailbox: MailboxContext, new: Collection[int]) -> None:
        named = {uid: mailbox.snapshot.sequence(uid) if self.by_number else uid for uid in new}
        results = sorted({*self._results, *new})
        positions: Positions = [(0, [named[uid] for uid in sorted(new)])]
        if self._criteria:
            results = list(await sort(mailbox, array("I", results), self._criteria))
            positions = [(place, [named[uid]]) for place, uid in enumerate(results, 1) if uid in new]
        self._results = results
        self._write(mailbox, "ADDTO", positions)

    def _write(self, mailbox: MailboxContext, item: str, positions: Positions) -> None:
        mailbox.talk.out.write(responses.esearch_update(self._tag, item, positions, uid=not self.by_number))


def _by_uid(mailbox: MailboxContext, key: Key) -> Key:
    """Message numbers mean what they meant when the search was asked for."""
    if not isinstance(key, Numbers) or (key.uid and not key.numbers.saved):
        return key
    return Numbers(True, SequenceSet(tuple(runs(mailbox.uids(key.numbers, uid=key.uid)))))
