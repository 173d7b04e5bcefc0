"""`backup.*`: what a backup asks while the server runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, bindparam, select

from services.storage.blobs.tickets import Tickets
from services.storage.migrations.run import LATEST
from services.storage.registry import AnyRow, Lane, read, write
from services.storage.repositories import backup_leases
from services.storage.tables.schema import body, content
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.base.ids import new_ulid
from shared.contracts import backup as contract
from shared.contracts.backup import Begin, Begun, Contents, Extend, StoredContent, Wanted
from shared.contracts.blobs import Summary
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused

MOST_OCTETS = 600_000  # of one answer, unless a single content has more
MANY = 400  # contents of one answer

CONTENTS = (
    select(
        content.c.id, content.c.hash, *(content.c[name] for name in Summary._fields), body.c.octets, body.c.location
    )
    .join_from(content, body)
    .where(content.c.id.in_(bindparam("ids", expanding=True)))
)


def rows(tickets: Tickets, files: str) -> tuple[AnyRow, ...]:
    """All of the family. ``files`` is the folder of large bodies, "" where they are no files."""
    return (
        write(contract.begin, partial(begin, tickets, files)),
        write(contract.extend, extend),
        read(contract.contents, partial(contents, tickets), lane=Lane.HEAVY),
    )


def begin(tickets: Tickets, files: str, work: UnitOfWork, asked: Sequence[Asked[Begin]]) -> Sequence[Begun]:
    """Pin what there is."""
    begun = []
    for each in asked:
        lease = new_ulid()
        backup_leases.grant(work.connection, work.now, lease, each.request.lease)
        begun.append(Begun(lease, tickets.snapshot_url(lease), LATEST, files))
    return begun


def extend(work: UnitOfWork, asked: Sequence[Asked[Extend]]) -> Sequence[Done | Refused]:
    """Keep the pin, or let go."""
    return [
        Done()
        if backup_leases.prolong(work.connection, work.now, each.request.lease, each.request.seconds)
        else Refused(Code.STALE, "the backup's lease has ended")
        for each in asked
    ]


def contents(tickets: Tickets, connection: Connection, asked: Sequence[Asked[Wanted]]) -> Sequence[Contents]:
    """Contents with their bodies, as many as fit a frame."""
    return [_contents(tickets, connection, each.request.ids[:MANY]) for each in asked]


def _contents(tickets: Tickets, connection: Connection, ids: Sequence[int]) -> Contents:
    rows = {row.id: row for row in connection.execute(CONTENTS, {"ids": list(ids)})}
    found: list[StoredContent] = []
    octets = 0
    for answered, number in enumerate(ids):
        if (row := rows.get(number)) is None:
            continue
        summary = Summary(*row[2:-2])
        octets += 500 + len(row.octets) + sum(len(field) for field in summary if isinstance(field, str | bytes))
        if octets > MOST_OCTETS and found:
            return Contents(tuple(found), answered)
        url = tickets.download_url(row.location, row.size) if row.location else ""
        found.append(StoredContent(number, row.hash, summary, row.octets, url, row.location))
    return Contents(tuple(found), len(ids))
