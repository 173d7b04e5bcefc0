"""Grant and lock of a session, over hours of a clock that jumps."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
import trio
import trio.testing

from services.pop3.config import Pop3Settings
from services.pop3.house import House
from services.pop3.tenure import Tenure
from shared.bus.client import AnyCall
from shared.bus.memory import MemoryBroker, MemoryBus
from shared.contracts import directory, maildrop
from shared.contracts.errors import Code


def login(grant: bytes, lasts: float) -> directory.LoggedIn:
    return directory.LoggedIn(grant, 5, "bob@example.org", int(time.time() + lasts))


class Storage:
    """Renews grants and locks, and remembers what it was asked."""

    def __init__(self, bus: MemoryBus) -> None:
        self.held: list[bytes] = []
        self.renewed = 0
        self.hold: Callable[[AnyCall], None] = lambda call: call.answer(directory.Done())
        bus.serve(maildrop.hold, self._hold)
        bus.serve(directory.renew, self._renew)

    def _hold(self, call: AnyCall) -> None:
        self.held.append(call.request.grant)
        self.hold(call)

    def _renew(self, call: AnyCall) -> None:
        self.renewed += 1
        if self.renewed == 3:
            call.refuse(Code.GRANT_EXPIRED)
        else:
            call.answer(login(b"grant %d" % self.renewed, 86_400))


def stand_up(lasts: float) -> tuple[Storage, Tenure]:
    broker = MemoryBroker()
    storage = Storage(broker.connect("storage", "1"))
    house = House(Pop3Settings(), broker.connect("pop3", "1"), structlog.get_logger())
    return storage, Tenure(house, "session", login(b"grant 0", lasts), 9)


async def test_the_lock_is_renewed_before_it_lapses(autojump_clock: trio.testing.MockClock) -> None:
    storage, tenure = stand_up(86_400)
    with trio.move_on_after(3600):
        await tenure.keep()
    assert 3600 / maildrop.LEASE < len(storage.held) <= 2 * 3600 / maildrop.LEASE
    assert storage.renewed == 0


async def test_trouble_is_outlived_and_loss_is_told(autojump_clock: trio.testing.MockClock) -> None:
    storage, tenure = stand_up(86_400)
    troubles = [Code.UNAVAILABLE, Code.UNAVAILABLE, Code.IN_USE]
    storage.hold = lambda call: call.refuse(troubles.pop(0)) if len(storage.held) > 9 else None
    assert await tenure.keep() == "lost the maildrop: in-use"
    assert len(storage.held) == 12


async def test_a_grant_is_renewed_at_its_end_and_when_in_doubt(autojump_clock: trio.testing.MockClock) -> None:
    storage, tenure = stand_up(10)
    with trio.move_on_after(100):
        await tenure.keep()
    assert (storage.renewed, tenure.grant) == (1, b"grant 1")
    tenure.verify()
    with trio.move_on_after(1):
        await tenure.keep()
    assert (storage.renewed, tenure.grant) == (2, b"grant 2")
    tenure.verify()
    assert await tenure.keep() == "lost the maildrop: grant-expired"
