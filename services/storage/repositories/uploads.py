"""Bodies that have arrived over the data port and wait to be named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from services.storage.engines.database import Reach
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
STORED_BY_HASH = (
    select(content.c.hash, body.c.location)
    .join_from(content, body)
    .where(content.c.hash.in_(bindparam("hashes", expanding=True)), body.c.location != "")
    .with_for_update(read=True, of=content)  # nobody collects it before we have named its body
)
WAITING = select(upload.c.location).where(upload.c.hash.in_(bindparam("hashes", expanding=True)))


class Seal(NamedTuple):
    """An upload whose octets are on stable storage."""

    upload: str
    hash: bytes
    size: int
    location: str
    header: bytes


class Adopt(NamedTuple):
    """An upload that has arrived, but is not on stable storage yet."""

    upload: str
    hash: bytes
    size: int
    header: bytes


class Adopted(NamedTuple):
    """``adopted``: the same octets are stored, and now this upload names them too."""

    adopted: bool


def seal(work: UnitOfWork, asked: Sequence[Asked[Seal]]) -> Sequence[Done]:
    """Write finished uploads down. The same one again, sent anew, takes the place of the first."""
    _add(work, [each.request for each in asked])
    return [Done()] * len(asked)


def adopt(work: UnitOfWork, asked: Sequence[Asked[Adopt]]) -> Sequence[Adopted]:
    """Finish uploads of octets that a content has, without writing these again."""
    hashes = list({each.request.hash for each in asked})
    rows = work.connection.execute(STORED_BY_HASH, {"hashes": hashes})
    stored: dict[bytes, str] = {row.hash: row.location for row in rows}
    found = [
        Seal(r.upload, r.hash, r.size, stored[r.hash], r.header)
        for r in (each.request for each in asked)
        if r.hash in stored
    ]
    if found:
        _add(work, found)
    return [Adopted(each.request.hash in stored) for each in asked]


def _add(work: UnitOfWork, sealed: Sequence[Seal]) -> None:
    rows = [
        {
            "id": each.upload,
            "hash": each.hash,
            "size": each.size,
            "location": each.location,
            "header": each.header,
            "at": int(work.now),
        }
        for each in sealed
    ]
    statement = insert_or_update(work.connection, upload, "hash", "size", "location", "header", "at")
    work.connection.execute(statement, rows)


ADOPT = write(Op("upload.adopt", Adopt, Adopted, frozenset(), 30.0, Repeat.SAFE), adopt, reach=lambda asked: Reach())
SEAL = write(Op("upload.seal", Seal, Done, frozenset(), 30.0, Repeat.SAFE), seal, reach=lambda asked: Reach())


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
