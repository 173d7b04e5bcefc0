"""The reports family: sums are added, one worker is elected, and a report leaves with its letters or waits."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from services.storage.registry import write
from services.storage.repositories import contents, duties, letters, reports
from services.storage.repositories.letters import Incoming
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import reports as contract
from shared.contracts import spool
from shared.contracts.codec import encode
from shared.contracts.directory import Done
from shared.contracts.reports import Claim, Claimed, Count, Finish, Kind, Row

DUTY = "reports"
OCTETS = 400_000  # of the rows in one reply
DONE = Done()


def count(work: UnitOfWork, asked: Sequence[Asked[Count]]) -> Sequence[Done]:
    """Add to the sums."""
    reports.add(work.connection, [counted for each in asked for counted in each.request.counted])
    return [DONE] * len(asked)


def claim(work: UnitOfWork, asked: Sequence[Asked[Claim]]) -> Sequence[Claimed]:
    """Elect whoever may be, and give them what is due."""
    return [_claim(work, each.request) for each in asked]


def _claim(work: UnitOfWork, request: Claim) -> Claimed:
    if not duties.take(work.connection, work.now, DUTY, request.worker, request.lease):
        return Claimed(elected=False)
    due = reports.due(work.connection, work.now)
    if due is None:
        return Claimed(elected=True)
    rows = reports.rows(work.connection, due.id, OCTETS)
    last = rows[-1].id if rows else 0
    told = tuple([Row(each.row, each.times) for each in rows])
    return Claimed(True, due.id, Kind(due.kind), due.day, due.domain, told, last, due.attempts)


def finish(work: UnitOfWork, asked: Sequence[Asked[Finish]]) -> Sequence[Done]:
    """Remove what was told, and accept the letters that tell it; or put it off."""
    for each in asked:
        _finish(work, each.request)
    return [DONE] * len(asked)


def _finish(work: UnitOfWork, request: Finish) -> None:
    connection = work.connection
    if not duties.is_held(connection, DUTY, request.worker):
        return
    if request.again:
        reports.postpone(connection, request.report, request.again)
    elif reports.remove(connection, request.report, request.last) and request.letters:
        bodies = [(letter.body, letter.summary) for letter in request.letters]
        incoming = [Incoming(letter, _digest(letter), 0) for letter in request.letters]
        letters.add(connection, work.now, incoming, contents.intern(connection, work.now, bodies))
        far = sum([letters.leaves(letter) for letter in request.letters])
        work.publish(spool.ready, spool.Ready(len(incoming) - far, far))


def _digest(letter: spool.Accept) -> bytes:
    return blake2b(encode(letter), digest_size=16).digest()


ROWS = (write(contract.count, count), write(contract.claim, claim), write(contract.finish, finish))
