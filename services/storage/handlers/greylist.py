"""The greylist family: when something came first, and whether it came back.

Invariants:
1. A key's first time is forgotten, and begins anew, if it did not come back within `WINDOW` seconds.
2. A network is credited once for each key of it that came back.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from services.storage.handlers import reaching
from services.storage.registry import write
from services.storage.tables.submission import greylist
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import greylist as contract
from shared.contracts.greylist import Check, Checked

WINDOW = 2 * 86_400
KEEP = 36 * 86_400  # seconds that something is remembered that has come back
KNOWN = (
    select(greylist.c.key, greylist.c.first, greylist.c.passed)
    .where(greylist.c.key.in_(bindparam("keys", expanding=True)))
    .with_for_update()
)
CHANGE = (
    update(greylist)
    .where(greylist.c.key == bindparam("of"))
    .values(first=bindparam("since"), passed=bindparam("times"), last=bindparam("now"))
)


def check(work: UnitOfWork, asked: Sequence[Asked[Check]]) -> Sequence[Checked]:
    """Say who waits, and remember who came."""
    keys = {key for each in asked for key in (each.request.network, *each.request.keys)}
    ledger = _Ledger(work.connection, int(work.now), keys)
    answers = [Checked(tuple([ledger.wait(each.request, key) for key in each.request.keys])) for each in asked]
    ledger.save()
    return answers


class _Ledger:
    """The entries of one transaction: read once, changed in memory, written back once."""

    def __init__(self, connection: Connection, now: int, keys: set[str]) -> None:
        self._connection = connection
        self._now = now
        self._found = {
            key: (first, passed) for key, first, passed in connection.execute(KNOWN, {"keys": sorted(keys)})
        }
        self._new: dict[str, tuple[int, int]] = {}
        self._changed: dict[str, tuple[int, int]] = {}

    def wait(self, request: Check, key: str) -> int:
        """Seconds that ``key`` has to wait."""
        _, credit = self._entry(request.network)
        if credit >= request.enough:
            return 0
        first, passed = self._entry(key)
        if not passed and self._now - first > WINDOW:
            first = self._now
        left = first + request.delay - self._now
        if passed or left <= 0:
            if not passed:
                self._set(request.network, *self._credited(request.network))
            self._set(key, first, 1)
            return 0
        self._set(key, first, 0)
        return left

    def _credited(self, network: str) -> tuple[int, int]:
        first, credit = self._entry(network)
        return first, credit + 1

    def _entry(self, key: str) -> tuple[int, int]:
        return self._changed.get(key) or self._new.get(key) or self._found.get(key) or (self._now, 0)

    def _set(self, key: str, first: int, passed: int) -> None:
        (self._changed if key in self._found else self._new)[key] = (first, passed)

    def save(self) -> None:
        if self._new:
            rows = [
                {"key": key, "first": first, "last": self._now, "passed": passed}
                for key, (first, passed) in self._new.items()
            ]
            self._connection.execute(insert(greylist), rows)
        if self._changed:
            rows = [
                {"of": key, "since": first, "times": passed, "now": self._now}
                for key, (first, passed) in self._changed.items()
            ]
            self._connection.execute(CHANGE, rows)


def forget(connection: Connection, now: float) -> None:
    """Drop what nobody has come back to for long."""
    old = (greylist.c.passed == 0) & (greylist.c.last < int(now) - WINDOW)
    connection.execute(delete(greylist).where(old | (greylist.c.last < int(now) - KEEP)))


ROWS = (write(contract.check, check, reach=reaching.nothing),)
