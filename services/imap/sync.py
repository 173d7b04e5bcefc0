"""Keeping views true: first reading, notices, gaps, and the timer below them all.

Invariants:

1. A view's notices are subscribed to before its first page is asked for, so nothing falls between.
2. A view is served only once it is as new as the answer to the `mailboxes.open` that led to it.
3. Whatever shows that something is missing ends in one question, `mailboxes.sync` since the modseq we know.
4. A notice that a session of this process caused brings no question: the session's own reply brings the rows.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

import trio

from services.imap.flagsets import FlagTable
from services.imap.notifier import Bell
from services.imap.reading import PAGE_ROWS, Reading
from services.imap.view import Outcome, View
from shared.bus.client import Bus, Subscription
from shared.contracts import mailboxes
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.mailboxes import Open, Opened, PageRequest, SyncRequest

_LOOK_ROUND = 5.0  # seconds between two rounds of the timer
_ROUNDS = 8  # of sync in a row, for a mailbox that changes all the time
_QUESTIONS = 16  # at a time, when all views may have missed something


class Member(Protocol):
    """A session that has a mailbox selected."""

    @property
    def grant(self) -> bytes: ...

    @property
    def id(self) -> str: ...

    @property
    def own(self) -> bool: ...  # whether the mailbox is the user's own, in which he may do all for ever


def _sharing(member: Member) -> bool:
    """Owners sort before those whose rights may end."""
    return not member.own


class Live:
    """One mailbox open in this process, and who has it."""

    __slots__ = ("deleted", "heard", "heard_at", "idle", "left_at", "loaded", "lock", "mailbox", "members",
                 "rights_generation", "subscription", "view")  # fmt: skip

    def __init__(self, mailbox: int, table: FlagTable) -> None:
        self.mailbox = mailbox
        self.view = View(table)
        self.members: set[Member] = set()
        self.idle: set[Bell] = set()  # of the members that wait in IDLE
        self.lock = trio.Lock()  # held while asking storage
        self.loaded = False
        self.deleted = False
        self.rights_generation = 0  # grows whenever somebody's rights here may have changed
        self.heard = 0  # the newest modseq that somebody told us of
        self.heard_at = 0.0  # trio clock
        self.left_at = 0.0
        self.subscription: Subscription | None = None

    def doubt_rights(self) -> None:
        """Let those to whom the mailbox does not belong ask for their rights again."""
        self.rights_generation += 1
        if not all(member.own for member in self.members):
            self.ring()

    def ring(self) -> None:
        """Wake whoever waits for news of this mailbox."""
        for bell in self.idle:
            bell.ring()


class Mailboxes:
    """All mailboxes open in this process."""

    def __init__(self, bus: Bus, *, warm_seconds: float, warm_views: int, poll_seconds: float) -> None:
        self.table = FlagTable()
        self._bus = bus
        self._warm_seconds = warm_seconds
        self._warm_views = warm_views
        self._poll_seconds = poll_seconds
        self._live: dict[int, Live] = {}
        self._warm: OrderedDict[int, Live] = OrderedDict()  # no member left; oldest first
        self._stale: dict[int, Live] = {}  # to be asked about
        self._wake = trio.Event()
        self._few = trio.Semaphore(_QUESTIONS)

    async def open(self, grant: bytes, name: str, *, writable: bool) -> tuple[Opened, Live]:
        """Find a mailbox and have its view at hand. Raises `Refused` and `Unavailable`."""
        opened = await self._bus.call(mailboxes.open, Open(grant, name, writable))
        live = self._live.get(opened.mailbox)
        if live is None:
            live = self._live[opened.mailbox] = self._begin(opened.mailbox)
            self._park(live)
        live.heard = max(live.heard, opened.modseq)
        await self._freshen(live, grant)
        if live.deleted:
            raise Refused(Code.NOT_FOUND)
        return opened, live

    def join(self, live: Live, member: Member) -> None:
        """A session selects this mailbox."""
        live.members.add(member)
        self._warm.pop(live.mailbox, None)

    def leave(self, live: Live, member: Member) -> None:
        """A session lets it go; the view stays warm for a while."""
        live.members.discard(member)
        if not live.members:
            self._park(live)

    async def absorb(self, live: Live, grant: bytes, change: Change) -> None:
        """Take the change that a reply brought. Raises `Refused` and `Unavailable` when it left a gap behind."""
        live.heard = max(live.heard, change.modseq)
        outcome = live.view.apply(change) if live.loaded else Outcome.GAP
        if outcome is Outcome.APPLIED:
            live.ring()
        elif outcome is Outcome.GAP:
            await self._freshen(live, grant)

    async def absorb_elsewhere(self, grant: bytes, change: Change) -> None:
        """Likewise, for a mailbox that may or may not be open here."""
        live = self._live.get(change.mailbox)
        if live is not None and live.loaded and live.members:
            await self.absorb(live, grant, change)

    def cared_for(self) -> Iterable[int]:
        """Mailboxes that somebody has selected."""
        return [live.mailbox for live in self._live.values() if live.members]

    def reached(self, mailbox: int, modseq: int) -> None:
        """How far a mailbox is by now; 0 when it is gone."""
        live = self._live.get(mailbox)
        if live is not None and live.loaded and live.members and (modseq > live.view.modseq or not modseq):
            live.heard = max(live.heard, modseq)
            self._miss(live)

    async def watch(self) -> None:
        """Ask about what was missed, and let go of what nobody wants. Runs for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look_round)
            while True:
                await self._wake.wait()
                self._wake = trio.Event()
                stale, self._stale = self._stale, {}
                for live in stale.values():
                    nursery.start_soon(self._catch_up, live)

    # --- notices ---

    def _begin(self, mailbox: int) -> Live:
        live = Live(mailbox, self.table)
        live.subscription = self._bus.subscribe(
            mailbox_changed,
            lambda change: self._on_change(live, change),
            key=mailbox,
            on_gap=lambda: self._miss(live),
        )
        return live

    def _on_change(self, live: Live, change: Change) -> None:
        live.heard_at = trio.current_time()
        live.heard = max(live.heard, change.modseq)
        if change.rights:
            live.doubt_rights()
        if change.deleted:
            self._delete(live)
        elif live.loaded:
            outcome = live.view.apply(change)
            if outcome is Outcome.APPLIED:
                live.ring()
            elif outcome is Outcome.GAP and not any(member.id == change.author for member in live.members):
                self._miss(live)

    def _miss(self, live: Live) -> None:
        """Something may be missing here: ask soon, if anybody cares."""
        live.heard = max(live.heard, live.view.modseq + 1)
        live.doubt_rights()
        if live.members and live.loaded:
            self._stale[live.mailbox] = live
            self._wake.set()

    def _delete(self, live: Live) -> None:
        live.deleted = True
        live.ring()
        self._forget(live)

    # --- questions ---

    async def _freshen(self, live: Live, grant: bytes) -> None:
        """Bring the view to what was heard of, reading it first where needed."""
        async with live.lock:
            if not live.loaded:
                fresh = View(self.table)
                live.heard = max(live.heard, await self._read(live.mailbox, fresh, grant))
                live.view, live.loaded = fresh, True
            if live.heard > live.view.modseq:
                await self._sync(live, grant)
            live.heard_at = trio.current_time()

    async def _sync(self, live: Live, grant: bytes) -> None:
        view = live.view
        before = view.modseq
        for _ in range(_ROUNDS):
            try:
                change = await self._bus.call(mailboxes.sync, SyncRequest(grant, live.mailbox, view.modseq))
            except Refused as error:
                if error.code is Code.NOT_FOUND:
                    self._delete(live)
                    return
                raise
            if change.deleted:
                self._delete(live)
                return
            if view.apply(change) is Outcome.GAP:
                fresh = View(self.table)
                live.heard = max(live.heard, await self._read(live.mailbox, fresh, grant))
                view.replace(fresh)
            elif change.modseq < live.heard:
                live.heard = view.modseq  # heard of more than there is: a restored database
            if view.modseq >= live.heard:
                break
        if view.modseq != before:
            live.ring()

    async def _read(self, mailbox: int, view: View, grant: bytes) -> int:
        """Fill an empty view; the modseq up to which somebody has seen the mailbox change meanwhile."""
        reading = Reading(self._bus, self.table, PageRequest(grant, mailbox, 0, PAGE_ROWS))
        return await reading.fill(view)

    async def _catch_up(self, live: Live) -> None:
        async with self._few:
            for member in sorted(live.members, key=_sharing):
                try:
                    await self._freshen(live, member.grant)
                except Refused as error:
                    if error.code is Code.NO_RIGHT:
                        continue  # this member has to go, which is no reason to keep the others waiting
                except Unavailable:
                    pass
                else:
                    return
                break
            live.heard_at = trio.current_time()  # the timer asks again

    # --- the timer ---

    async def _look_round(self) -> None:
        while True:
            await trio.sleep(min(_LOOK_ROUND, self._poll_seconds))
            now = trio.current_time()
            for live in list(self._live.values()):
                if live.members and now - live.heard_at >= self._poll_seconds:
                    self._miss(live)
            self._cool(now)

    def _park(self, live: Live) -> None:
        live.left_at = trio.current_time()
        self._warm[live.mailbox] = live
        self._warm.move_to_end(live.mailbox)
        self._cool(live.left_at)

    def _cool(self, now: float) -> None:
        for live in list(self._warm.values()):
            if len(self._warm) <= self._warm_views and now - live.left_at < self._warm_seconds:
                break
            if not live.lock.locked():
                self._forget(live)

    def _forget(self, live: Live) -> None:
        self._warm.pop(live.mailbox, None)
        if self._live.get(live.mailbox) is live:
            del self._live[live.mailbox]
        if live.subscription is not None:
            live.subscription.close()
            live.subscription = None
