"""SEARCH over a view: each key yields the set of messages that fit it, out of those that still matter.

What the view can answer is answered first; only what is left goes to storage as candidates of the text search.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import compress

import trio

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import Bad, No
from services.imap.searching.mask import Mask, both, either, everything, nothing, of_ranges, without
from shared.contracts import search as contract
from shared.contracts.search import Field, Leaf
from shared.protocols.imap.dates import DAY
from shared.protocols.imap.syntax.search_key import (
    All,
    And,
    Body,
    Flagged,
    Header,
    Internal,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Or,
    Recent,
    Sent,
    Smaller,
    Text,
)

_AT_ONCE = 150_000  # candidates in one question, whose octets must fit a bus message
_LEAVES = 64  # ... and texts
_TEXT = (Header, Body, Text, Sent)


async def found(mailbox: MailboxContext, key: Key, seconds: float) -> array[int]:
    """UIDs of the messages that fit ``key``, ascending. Raises `No` when it takes longer than ``seconds``."""
    search = Search(mailbox)
    with trio.move_on_after(seconds):
        mask = await search.fitting(key, everything(len(search.uids)))
        return array("I", compress(search.uids, mask))
    raise No("The search takes too long", "LIMIT")


class Search:
    """One search over the messages that the session knows, as they were when it began."""

    def __init__(self, mailbox: MailboxContext) -> None:
        self.mailbox = mailbox
        self.messages = mailbox.snapshot.known()
        self.uids = self.messages.uids

    async def fitting(self, key: Key, among: Mask) -> Mask:
        """Those of ``among`` that fit."""
        await trio.lowlevel.checkpoint()
        if 1 not in among:
            return among
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
        return both(among, self._simple(key))

    async def _all(self, keys: Sequence[Key], among: Mask) -> Mask:
        texts: list[Key] = []
        for key in sorted(keys, key=_cost):
            if isinstance(key, _TEXT):
                texts.append(key)
            else:
                among = await self.fitting(key, among)
        for mask in await self._texts(texts, among):
            among = both(among, mask)
        return among

    async def _any(self, keys: Sequence[Key], among: Mask) -> Mask:
        hit = nothing(len(among))
        texts: list[Key] = []
        for key in sorted(keys, key=_cost):
            if isinstance(key, _TEXT):
                texts.append(key)
            else:
                hit = either(hit, await self.fitting(key, without(among, hit)))
        for mask in await self._texts(texts, without(among, hit)):
            hit = either(hit, mask)
        return hit

    def _simple(self, key: Key) -> Mask:
        match key:
            case Flagged(flag):
                return self._flagged(flag.lower())
            case Recent():
                start = bisect_left(self.uids, self.mailbox.snapshot.recent_from)
                return of_ranges(len(self.uids), [(start, len(self.uids))])
            case Numbers():
                return self._numbers(key)
            case Internal(relation, days):
                return self._dated(relation, days * DAY)
            case Larger(octets):
                return bytes([size > octets for size in self.messages.sizes])
            case Smaller(octets):
                return bytes([size < octets for size in self.messages.sizes])
            case Modseq(modseq):
                return bytes([at >= modseq for at in self.messages.modseqs])
        raise Bad("Unknown search key")

    def _flagged(self, flag: str) -> Mask:
        table = self.mailbox.view.table
        carries = {number: flag in table[number].folded for number in set(self.messages.flagsets)}
        return bytes(map(carries.__getitem__, self.messages.flagsets))

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
        chosen = set(named)
        return bytes([uid in chosen for uid in self.uids])

    async def _texts(self, keys: Sequence[Key], among: Mask) -> list[Mask]:
        """For each text key those of ``among`` that fit, by storage."""
        candidates = array("I", compress(self.uids, among))
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
                reply = await self.mailbox.call(contract.search, request)
                for hit, packed in zip(hits, reply.matches, strict=True):
                    hit.update(unpack("I", packed))
            masks += (bytes([uid in hit for uid in self.uids]) for hit in hits)
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


def _cost(key: Key) -> int:
    """Cheap keys first: 0 for the view's own, 2 for those that ask storage."""
    match key:
        case Header() | Body() | Text() | Sent():
            return 2
        case Not(inner):
            return _cost(inner)
        case And(keys) | Or(keys):
            return 1 + max(map(_cost, keys))
    return 0
