"""Workers and connections: who is spoken with now, and by how many.

Invariants:
1. At most `connections` are open at the same time, each in the hands of one worker; who waits for one gets it in
   order of asking, and a worker whose turn is over hands its own on. So many small destinations are not starved by
   one large.
2. Each parcel gets exactly one verdict, whatever breaks: `Carrier.deliver` and `Carrier.fail` see to that.
3. While more letters are being claimed, one that is alone on its way waits for company, `GATHERING` seconds at most:
   a connection is opened once for two of them.
"""

from __future__ import annotations

from collections import deque

import trio

from services.delivery.outbound.carrier import Carrier, Course, Ready
from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.destination import Destination
from services.delivery.outbound.opening import Opener
from services.delivery.outbound.parcel import Parcel
from services.delivery.outbound.routes import NextHop
from services.delivery.outbound.session import Session
from services.delivery.outbound.trouble import Undeliverable, Unreachable

GATHERING = 0.5  # seconds; as many letters as may be in hand are claimed in that time
_MOST = 10_000  # destinations


class Dispatcher:
    """Starts workers in ``nursery`` as parcels come."""

    def __init__(self, nursery: trio.Nursery, settings: OutboundSettings, opener: Opener, carrier: Carrier) -> None:
        self._nursery = nursery
        self._settings = settings
        self._opener = opener
        self._carrier = carrier
        self._free = settings.connections
        self._queue: deque[Destination] = deque()  # for a connection; each counts as a worker that begins
        self._gathering = False
        self._alone: list[Destination] = []  # held back while we gather
        self._destinations: dict[NextHop, Destination] = {}
        self._stopping = False

    def send(self, parcel: Parcel) -> None:
        """Send it when its turn comes."""
        hop = parcel.hop
        destination = self._destinations.get(hop)
        if destination is None:
            settings = self._settings
            self._forget_idle()
            destination = self._destinations[hop] = Destination(hop, settings.first_window, settings.widest_window)
        if destination.trouble is not None and destination.is_suspended(trio.current_time()):
            self._carrier.fail(parcel, destination.trouble)
            return
        destination.add(parcel)
        if self._gathering and not destination.workers and destination.waiting == 1:
            self._alone.append(destination)
        else:
            self._staff(destination)

    def gather(self, *, more: bool) -> None:
        """``more``: another claim follows at once, and may bring letters that go the same way."""
        if not more:
            self._depart()
        elif not self._gathering:
            self._gathering = True
            self._nursery.start_soon(self._depart_soon)

    async def _depart_soon(self) -> None:
        await trio.sleep(GATHERING)
        self._depart()

    def _depart(self) -> None:
        self._gathering = False
        alone, self._alone = self._alone, []
        for destination in alone:
            self._staff(destination)

    def _forget_idle(self) -> None:
        """Those that are remembered only because nobody could be reached there lately, when they become many."""
        if len(self._destinations) >= _MOST:
            busy = {hop: each for hop, each in self._destinations.items() if each.workers or each.waiting}
            self._destinations = busy

    def stop(self) -> list[Parcel]:
        """Begin nothing new; returns what was not tried."""
        self._stopping = True
        left: list[Parcel] = []
        for destination in self._destinations.values():
            while (parcel := destination.next()) is not None:
                left.append(parcel)
            destination.ring()
        return left

    def _staff(self, destination: Destination) -> None:
        """While others wait for their first connection, nobody gets another."""
        while destination.wants_worker and not self._stopping:
            if destination.workers and self._others_wait:
                return
            destination.workers += 1
            destination.beginning += 1
            if self._free:
                self._free -= 1
                self._nursery.start_soon(self._work, destination)
            else:
                self._queue.append(destination)

    async def _work(self, destination: Destination) -> None:
        """For one destination after the other, until nobody waits for a connection."""
        while True:
            await self._serve(destination)
            destination.workers -= 1
            self._staff(destination)
            if not destination.workers and not destination.is_suspended(trio.current_time()):
                self._destinations.pop(destination.hop, None)
            if not self._queue:
                break
            destination = self._queue.popleft()
        self._free += 1

    async def _serve(self, destination: Destination) -> None:
        """One connection's life."""
        destination.beginning -= 1
        parcel = destination.next()
        if parcel is None:
            return
        began = trio.current_time()
        try:
            session = await self._carrier.guard(parcel, self._opener.open(destination.hop))
        except Undeliverable as error:
            self._give_up(destination, parcel, error)
            return
        if session is not None:
            connecting = trio.current_time() - began
            destination.opened(connecting)
            await self._talk(destination, session, parcel, connecting)

    async def _talk(self, destination: Destination, session: Session, parcel: Parcel, connecting: float) -> None:
        following: Parcel | None = parcel
        try:
            while following is not None:
                ready = await self._carrier.ready(following, session)
                if ready is not None and not await self._run(destination, session, ready, connecting):
                    break
                connecting = 0.0
                following = await self._next(destination, session)
        except BaseException:
            session.abandon()
            raise
        if session.see_parted():
            session.abandon()
        else:
            self._nursery.start_soon(session.quit)

    async def _run(self, destination: Destination, session: Session, ready: Ready, connecting: float) -> bool:
        """Send parcels back to back, each announced behind the one before, while many wait.

        False when the server has had enough of us.
        """
        following: Ready | None = ready
        while following is not None:
            ready, following = following, await self._ahead(destination, session)
            last = following is None and self._is_last(destination, session)
            began = trio.current_time()
            course = await self._carrier.deliver(ready, session, connecting, following, last=last)
            connecting = 0.0
            if course is Course.HELD:
                destination.succeeded(trio.current_time() - began)
                self._staff(destination)
            elif course is Course.BROKE:
                destination.failed()
            else:
                destination.add(ready.parcel)
            if following is not None and (course is not Course.HELD or session.closing):
                destination.add(following.parcel)
                following = None
            if course is Course.AGAIN:
                return False
        return True

    async def _ahead(self, destination: Destination, session: Session) -> Ready | None:
        """What may be announced: a small letter, unless another connection would be free for it sooner."""
        if self._stopping or session.closing or destination.waiting < destination.workers:
            return None
        if session.uses + 1 >= self._settings.turn and self._others_wait:
            return None
        parcel = destination.next()
        ready = None if parcel is None else await self._carrier.ready(parcel, session)
        if ready is None or (ready.content.whole is not None and session.takes(ready.envelope)):
            return ready
        destination.add(ready.parcel)
        return None

    def _is_last(self, destination: Destination, session: Session) -> bool:
        """Whether nothing will follow what goes over the connection now."""
        if self._stopping:
            return True
        turn_is_over = session.uses + 1 >= self._settings.turn
        return self._others_wait and (turn_is_over or not destination.waiting)

    @property
    def _others_wait(self) -> bool:
        """Whether somebody needs a connection."""
        return bool(self._queue)

    async def _next(self, destination: Destination, session: Session) -> Parcel | None:
        """What to send over the same connection."""
        if self._stopping or session.closing:
            return None
        others_wait = self._others_wait
        if others_wait and session.uses >= self._settings.turn:
            return None
        parcel = destination.next()
        if parcel is None and not others_wait:
            parcel = await destination.next_within(self._settings.idle)
        if parcel is not None and not session.usable:
            destination.add(parcel)
            return None
        return parcel

    def _give_up(self, destination: Destination, parcel: Parcel, error: Undeliverable) -> None:
        """No session: the parcel waits, and all others for the same hop if nobody there can be reached."""
        destination.failed()
        self._carrier.fail(parcel, error)
        if not (isinstance(error, Unreachable) or error.permanent) or destination.workers > 1:
            return
        if not error.permanent:
            destination.suspend(error, trio.current_time() + self._settings.suspended)
        while (other := destination.next()) is not None:
            self._carrier.fail(other, error)
