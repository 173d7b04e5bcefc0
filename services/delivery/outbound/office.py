"""The far lane: letters are taken in while there is room, and leave it when the spool knows their fate.

Invariant: what is in hand is bounded by `in_hand` recipients and one claim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio

from services.delivery.leases import Leases
from services.delivery.outbound.carrier import Carrier
from services.delivery.outbound.config import OutboundSettings
from services.delivery.outbound.dispatcher import Dispatcher
from services.delivery.outbound.parcel import Consignment, parcels
from services.delivery.outbound.routes import Routes
from services.delivery.outbound.settling import Settler, Waiting
from services.delivery.outbound.trouble import Undeliverable
from shared.contracts.directory import Kind
from shared.contracts.spool import Due, Letter, Outcome, Settlement, Status

TOO_LATE = Undeliverable("5.4.7", "not delivered by the time asked")


class Office:
    """``finished`` is for the carrier to call."""

    def __init__(
        self,
        settings: OutboundSettings,
        leases: Leases,
        settler: Settler,
        *,
        draining: trio.Event,
        wall_clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._routes = Routes(settings)
        self._leases = leases
        self._settler = settler
        self._draining = draining
        self._wall_clock = wall_clock
        self._in_hand = 0
        self._changed = trio.Event()

    async def take(self, letters: Sequence[Letter], claimed: float, dispatcher: Dispatcher, carrier: Carrier) -> None:
        """Begin to send claimed letters; returns when there is room for more, or the process drains."""
        self._leases.hold(letters)
        for letter in letters:
            self._in_hand += len(letter.due)
            self._begin(Consignment(letter, claimed), dispatcher, carrier)
        while self._in_hand >= self._settings.in_hand and not self._draining.is_set():
            await self._changed.wait()

    async def finish(self, dispatcher: Dispatcher, carrier: Carrier) -> None:
        """The process drains: what has not begun goes back, what is under way is seen to its end."""
        for parcel in dispatcher.stop():
            carrier.let_go(parcel)
        while self._in_hand:
            await self._changed.wait()

    def finished(self, consignment: Consignment) -> None:
        """The spool knows the fate of all recipients of a letter."""
        self._leases.release((consignment.letter,))
        self._in_hand -= len(consignment.letter.due)
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again."""
        self._changed.set()
        self._changed = trio.Event()

    def _begin(self, consignment: Consignment, dispatcher: Dispatcher, carrier: Carrier) -> None:
        letter = consignment.letter
        remote = [due for due in letter.due if due.resolution.kind is Kind.FOREIGN]
        found = parcels(consignment, remote, self._routes.next_hop, self._settings.transaction)
        if len(remote) < len(letter.due):
            self._return_strays(consignment, [due for due in letter.due if due.resolution.kind is not Kind.FOREIGN])
        late = self._wall_clock() >= letter.deliver_by > 0 and "R" in letter.by_mode
        for parcel in found:
            if late:
                carrier.fail(parcel, TOO_LATE)
            elif self._draining.is_set():
                carrier.let_go(parcel)
            else:
                dispatcher.send(parcel)

    def _return_strays(self, consignment: Consignment, strays: Sequence[Due]) -> None:
        """Recipients that have become ours since they were put in this lane."""
        letter, now = consignment.letter, self._wall_clock()
        outcomes = tuple([Outcome(due.number, Status.DEFERRED, "2.0.0", "local by now", now) for due in strays])
        consignment.unsettled += 1

        def done(_: bool) -> None:
            consignment.unsettled -= 1
            if not consignment.unsettled:
                self.finished(consignment)

        settlement = Settlement(letter.id, letter.fence, outcomes, keep=consignment.open > 0)
        self._settler.add(Waiting(letter, settlement, done))
