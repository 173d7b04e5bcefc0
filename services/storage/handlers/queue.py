"""The spool as `eilpost queue` and `eilpost trace` see it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.storage.registry import AnyRow, Lane, read, write
from services.storage.repositories import contents, queue
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import spool
from shared.contracts.spool import Act, Acted, Queue, QueueAct, QueueFilter, Trace

MOST_OCTETS = 800_000  # of an answer; a letter counts 300 and each recipient 200


def listing(connection: Connection, asked: Sequence[Asked[QueueFilter]]) -> Sequence[Queue]:
    """What waits, is held or has failed, oldest first."""
    return [_queue(connection, queue.waiting(connection, each.request)) for each in asked]


def trace(connection: Connection, asked: Sequence[Asked[Trace]]) -> Sequence[Queue]:
    """What became of letters, newest first."""
    return [_queue(connection, queue.trace(connection, each.request.term, each.request.limit)) for each in asked]


def _queue(connection: Connection, seqs: Sequence[int]) -> Queue:
    """As many letters as fit a frame."""
    letters = queue.letters(connection, seqs)
    octets = 0
    for count, letter in enumerate(letters):
        octets += 300 + 200 * len(letter.recipients) + len(letter.subject) * 2
        if octets > MOST_OCTETS and count:
            return Queue(letters[:count])
    return Queue(letters)


def act(work: UnitOfWork, asked: Sequence[Asked[QueueAct]]) -> Sequence[Acted]:
    """Hold, release, retry or drop what the filter finds. Who has claimed what is held or dropped loses it."""
    return [_act(work, each.request) for each in asked]


def _act(work: UnitOfWork, request: QueueAct) -> Acted:
    found = queue.matching(work.connection, request.filter, request.act)
    letters = sum([_act_on(work, request, seqs) for seqs in found])
    if letters and request.act in (Act.RELEASE, Act.RETRY):
        work.publish(spool.ready, spool.Ready(letters, letters))
    return Acted(letters)


def _act_on(work: UnitOfWork, request: QueueAct, seqs: Sequence[int]) -> int:
    """Do it to these; how many it was done to."""
    if request.act is Act.RETRY:
        seqs = queue.with_bodies(work.connection, seqs)
    if seqs:
        contents.adjust(work.connection, queue.act(work.connection, work.now, request.act, seqs, request.filter))
    return len(seqs)


ROWS: tuple[AnyRow, ...] = (
    read(spool.queue_list, listing, lane=Lane.HEAVY),
    read(spool.trace, trace, lane=Lane.HEAVY),
    write(spool.queue_act, act),
)
