"""Bodies that have arrived over the data port and wait to be named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from services.storage.engines.statements import insert_or_update
from services.storage.registry import write
from services.storage.tables.schema import body, content, upload
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat

MANY = 500

OLD = select(upload.c.id, upload.c.location, upload.c.hash).where(upload.c.at < bindparam("before")).limit(MANY)
REMOVE = delete(upload).where(upload.c.id == bindparam("of"))
STORED = (
    select(content.c.hash, body.c.location)
    .join_from(content, body)
    .where(content.c.hash.in_(bindparam("hashes", expanding=True)))
)
WAITING = select(upload.c.location).where(upload.c.hash.in_(bindparam("hashes", expanding=True)))


class Seal(NamedTuple):
    """An upload whose octets are on stable storage."""

    upload: str
    hash: bytes
    size: int
    location: str
    header: bytes


def seal(work: UnitOfWork, asked: Sequence[Asked[Seal]]) -> Sequence[Done]:
    """Write finished uploads down. The same one again, sent anew, takes the place of the first."""
    rows = [
        {
            "id": r.upload,
            "hash": r.hash,
            "size": r.size,
            "location": r.location,
            "header": r.header,
            "at": int(work.now),
        }
        for r in (each.request for each in asked)
    ]
    statement = insert_or_update(work.connection, upload, "hash", "size", "location", "header", "at")
    work.connection.execute(statement, rows)
    return [Done()] * len(asked)


SEAL = write(Op("upload.seal", Seal, Done, frozenset(), 30.0, Repeat.SAFE), seal)


def expire(connection: Connection, before: float) -> list[str]:
    """Remove rows of uploads older than ``before``; the locations that nobody names any more."""
    old = connection.execute(OLD, {"before": int(before)}).all()
    if not old:
        return []
    connection.execute(REMOVE, [{"of": row.id} for row in old])
    named = locations(connection, {row.hash for row in old})
    return [row.location for row in old if row.location not in named]


def locations(connection: Connection, hashes: Collection[bytes]) -> set[str]:
    """Where the bodies with these hashes stand, as far as a content or an upload names them."""
    values = {"hashes": list(hashes)}
    stored = {location for _, location in connection.execute(STORED, values)}
    return stored | set(connection.execute(WAITING, values).scalars())
