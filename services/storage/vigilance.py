"""Failed logins that other processes of storage have counted: limits hold for all of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import trio
from sqlalchemy import Connection

from services.storage.registry import read
from services.storage.repositories import login_failures
from services.storage.repositories.login_failures import Failed
from services.storage.rooms import Rooms
from services.storage.rules.throttle import Throttle
from services.storage.unit_of_work import Asked
from shared.contracts.errors import Refused
from shared.contracts.op import Op, Repeat

INTERVAL = 1.0  # seconds
OVERLAP = 10.0  # seconds that are read again, for commits that came late


class Since(NamedTuple):
    now: float
    since: float


class Failures(NamedTuple):
    failures: tuple[Failed, ...]


def find(connection: Connection, asked: Sequence[Asked[Since]]) -> Sequence[Failures]:
    """What has happened since."""
    return [Failures(tuple(login_failures.today(connection, *each.request))) for each in asked]


FIND = read(Op("login.failures", Since, Failures, frozenset(), 10.0, Repeat.SAFE), find)


async def watch_failures(rooms: Rooms, throttle: Throttle, clock: Callable[[], float]) -> None:
    """Learn what the others count, for ever."""
    since = clock() - OVERLAP
    while True:
        await trio.sleep(INTERVAL)
        now = clock()
        try:
            found = await rooms.ask(FIND, Since(now, since))
        except Refused:
            continue  # the database is away; what was counted meanwhile is read later
        throttle.load(now, found.failures)
        since = now - OVERLAP
