"""SEARCH over a view: each key yields the set of messages that fit it, out of those that still matter.

What the view can answer is answered first; only what is left goes to storage as candidates of the text search.
"""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import compress

import trio

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import Bad, No
from services.imap.searching import by_rows
from services.imap.searching.fuzzy import Reading, read
from services.imap.searching.keys import TEXTS, cost, depends_on_flags, judge, size
from services.imap.searching.mask import (
    Mask,
    both,
    either,
    everything,
    members,
    nothing,
    of_members,
    of_numbers,
    of_ranges,
    without,
)
from shared.contracts import search as contract
from shared.contracts.search import Field, Leaf
from shared.protocols.imap.dates import DAY
from shared.protocols.imap.syntax.search_key import (
    All,
    And,
    Body,
    EmailId,
    Header,
    Internal,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Or,
    Recent,
    Saved,
    Sent,
    Smaller,
    Text,
    ThreadId,
    Within,
)

_AT_ONCE = 150_000  # candidates in one question, whose octets must fit a bus message
_LEAVES = 64  # ... and texts
_TURN = 200_000  # messages or terms looked at before other sessions get a turn


async def found(mailbox: MailboxContext, key: Key, seconds: float) -> array[int]:
    """UIDs of the messages that fit ``key``, ascending. Raises `No` when it takes longer than ``seconds``."""
    search = Search(mailbox)
    whole = everything(len(search.uids))
    with trio.move_on_after(seconds):
        fitting = await search.fitting(read(key, Reading.BEGINNINGS), whole)
        return members(search.uids, fitting)
    raise No("The search takes too long", "LIMIT")


async def relevancies(mailbox: MailboxContext, key: Key, uids: Iterable[int]) -> dict[int, int]:
    """How well each of these messages, which fit it, fits ``key``: 1 to 100."""
    scores = dict.fromkeys(uids, Reading.BEGINNINGS.value)
    search = Search(mailbox)
    fitting = of_members(search.uids, scores.keys())
    for reading in (Reading.WORDS, Reading.AS_WRITTEN):
        fitting = await search.fitting(read(key, reading), fitting)
        scores.update(dict.fromkeys(compress(search.uids, fitting), reading.value))
    return scores


class Search:
    """One search over the messages that the session knows, as they were when it began."""

    def __init__(self, mailbox: MailboxContext) -> None:
        self.mailbox = mailbox
        self.messages = mailbox.snapshot.known()
        self.uids = self.messages.uids
        self._looked = 0  # at so many messages since others had a turn

    async def _flagged(self, key: Key, among: Mask) -> Mask:
        """Those of ``among`` whose flags fit: judged once for each set of flags that is in use."""
        table, flagsets = self.mailbox.view.table, self.messages.flagsets
        carries: dict[int, bool] = {}
        terms = size(key)
        for number in set(flagsets):
            carries[number] = judge(key, table[number])
            await self._share(terms)
        if not any(carries.values()):
            return nothing(len(among))
        return both(among, of_numbers(flagsets, carries))

    async def _share(self, work: int) -> None:
        """Give other sessions a turn now and then."""
        self._looked += work
        if self._looked > _TURN:
            self._looked = 0
            await trio.lowlevel.checkpoint()

    async def fitting(self, key: Key, among: Mask) -> Mask:
        """Those of ``among`` that fit."""
        await self._share(len(among))
        if 1 not in among:
            return among
        if depends_on_flags(key):
            return await self._flagged(key, among)
        match key:
            case All():
                return among
            case Not(inner):
                return without(among, await self.fitting(inner, among))
            case And(keys):
                return await self._all(keys, among)
            case Or(keys):
                return await self._any(keys, among)
            case Header() | Body() | Text() | Sent():
                return (await self._texts([key], among))[0]
            case Saved() | EmailId() | ThreadId():
                hits = await by_rows.fitting(self.mailbox, key, members(self.uids, among))
                return of_members(self.uids, hits)
        return both(among, self._simple(key))

    async def _all(self, keys: Sequence[Key], among: Mask) -> Mask:
        flags = [key for key in keys if depends_on_flags(key)]
        if flags:
            among = await self._flagged(And(tuple(flags)), among)
        texts: list[Key] = []
        for key in sorted(keys, key=cost):
            if isinstance(key, TEXTS):
                texts.append(key)
            elif not depends_on_flags(key):
                among = await self.fitting(key, among)
        for mask in await self._texts(texts, among):
            among = both(among, mask)
        return among

    async def _any(self, keys: Sequence[Key], among: Mask) -> Mask:
        hit = nothing(len(among))
        texts: list[Key] = []
        for key in sorted(keys, key=cost):
            if isinstance(key, TEXTS):
                texts.append(key)
            else:
                hit = either(hit, await self.fitting(key, without(among, hit)))
        for mask in await self._texts(texts, without(among, hit)):
            hit = either(hit, mask)
        return hit

    def _simple(self, key: Key) -> Mask:
        match key:
            case Recent():
                start = bisect_left(self.uids, self.mailbox.snapshot.recent_from)
                return of_ranges(len(self.uids), [(start, len(self.uids))])
            case Numbers():
                return self._numbers(key)
            case Internal(relation, days):
                return self._dated(relation, days * DAY)
            case Within(younger, seconds):
                limit = time.time() - seconds
                return bytes([(date >= limit) if younger else (date <= limit) for date in self.messages.dates])
            case Larger(octets):
                return bytes([size > octets for size in self.messages.sizes])
            case Smaller(octets):
                return bytes([size < octets for size in self.messages.sizes])
            case Modseq(modseq):
                return bytes([at >= modseq for at in self.messages.modseqs])
        raise Bad("Unknown search key")

    def _dated(self, relation: str, start: int) -> Mask:
        tests: dict[str, Callable[[int], bool]] = {
            "<": lambda date: date < start,
            "=": lambda date: start <= date < start + DAY,
            ">=": lambda date: date >= start,
        }
        return bytes(map(tests[relation], self.messages.dates))

    def _numbers(self, key: Numbers) -> Mask:
        named = self.mailbox.uids(key.numbers, uid=key.uid)
        if len(named) <= 1 or named[-1] - named[0] == len(named) - 1:
            ranges = [(bisect_left(self.uids, uid), bisect_right(self.uids, named[-1])) for uid in named[:1]]
            return of_ranges(len(self.uids), ranges)
        return of_members(self.uids, set(named))

    async def _texts(self, keys: Sequence[Key], among: Mask) -> list[Mask]:
        """For each text key those of ``among`` that fit, by storage."""
        if not keys:
            return []
        candidates = members(self.uids, among)
        if not candidates:
            return [among] * len(keys)
        masks: list[Mask] = []
        for first in range(0, len(keys), _LEAVES):
            leaves = tuple(map(_leaf, keys[first : first + _LEAVES]))
            hits: list[set[int]] = [set() for _ in leaves]
            for start in range(0, len(candidates), _AT_ONCE):
                request = contract.Search(
                    self.mailbox.grant, self.mailbox.live.mailbox, pack(candidates[start : start + _AT_ONCE]), leaves
                )
                reply = await self.mailbox.call_patiently(contract.search, request, start, len(candidates))
                for hit, packed in zip(hits, reply.matches, strict=True):
                    hit.update(unpack("I", packed))
            masks += (of_members(self.uids, hit) for hit in hits)
        return masks


def _leaf(key: Key) -> Leaf:
    match key:
        case Header(name, text):
            return Leaf(Field.HEADER, name, text)
        case Body(text):
            return Leaf(Field.BODY, "", text)
        case Text(text):
            return Leaf(Field.TEXT, "", text)
        case Sent(relation, days):
            return Leaf(Field.SENT, "", f"{relation}{days}")
    raise Bad("Unknown search key")
