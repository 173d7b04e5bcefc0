"""The first reading of a mailbox: pages of rows, the next ones asked for while this one is taken in.

What happens meanwhile is the affair of the `mailboxes.sync` that follows: a view is true as of its first page.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial

import trio

from services.imap.ahead import Ahead
from services.imap.flagsets import FlagTable
from services.imap.view import View
from shared.base.errors import EilpostError
from shared.bus.client import Bus
from shared.contracts import mailboxes
from shared.contracts.mailboxes import Page, PageRequest

PAGE_ROWS = 20_000
_AHEAD = 2  # pages that storage may prepare while one is taken in


class Reading:
    """One reading. ``request`` is for the first page."""

    def __init__(self, bus: Bus, table: FlagTable, request: PageRequest) -> None:
        self._bus = bus
        self._table = table
        self._request = request

    async def fill(self, view: View) -> int:
        """Fill an empty view; the highest modseq that was seen. Raises `Refused` and `Unavailable`."""
        first = await self._ask(0, 0)
        self._take(view, first)
        modseq = first.modseq
        if first.more and view.uids:
            modseq = await self._fill_rest(view, first.uidnext)
        view.loaded(first.modseq, first.uidnext)
        return max(modseq, first.modseq)

    async def _fill_rest(self, view: View, uidnext: int) -> int:
        problem: EilpostError | None = None
        modseq = 0
        async with trio.open_nursery() as nursery:
            waiting: deque[Ahead[list[Page]]] = deque()
            try:
                for after, upto in _spans(view, uidnext):
                    waiting.append(Ahead(nursery, partial(self._span, after, upto)))
                    if len(waiting) > _AHEAD:
                        modseq = await self._take_next(view, waiting)
                while waiting:
                    modseq = await self._take_next(view, waiting)
            except EilpostError as error:
                problem = error
                nursery.cancel_scope.cancel()
        if problem is not None:
            raise problem
        return modseq

    async def _take_next(self, view: View, waiting: deque[Ahead[list[Page]]]) -> int:
        pages = await waiting.popleft().take()
        for page in pages:
            self._take(view, page)
        return pages[-1].modseq

    def _take(self, view: View, page: Page) -> None:
        self._table.learn(page.flagsets)
        view.load(page.rows)

    async def _span(self, after: int, upto: int) -> list[Page]:
        """All rows of a range of UIDs, which are seldom more than one page."""
        pages = [await self._ask(after, upto)]
        while pages[-1].more and pages[-1].rows.uids:
            pages.append(await self._ask(int.from_bytes(pages[-1].rows.uids[-4:], "little"), upto))
        return pages

    async def _ask(self, after: int, upto: int) -> Page:
        return await self._bus.call(mailboxes.page, self._request._replace(after=after, upto=upto))


def _spans(view: View, uidnext: int) -> Iterator[tuple[int, int]]:
    """The UIDs above those of the first page, in ranges as wide as it was."""
    after = view.uids[-1]
    width = max(after - view.uids[0] + 1, PAGE_ROWS)
    while after < uidnext - 1:
        upto = min(after + width, uidnext - 1)
        yield after, upto
        after = upto
