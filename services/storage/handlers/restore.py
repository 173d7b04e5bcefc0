"""`restore.*`: a backup put back into an empty installation.

Invariants:
1. There is at most one restoration on record. It begins only where there is no account, domain, mail or letter, and
   only its own requests change anything until it ends (`services.storage.gate`).
2. Whatever is sent may be sent again: rows take the place of those with their key.
3. UIDs, flags and modseqs stay what they were. UIDVALIDITY is raised above whatever may have been given out after the
   backup, so that what a client knows of that time it forgets; unless there is nothing that it could know.
4. UIDNEXT and HIGHESTMODSEQ leap in any case, and the history of expunges begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_, update

from services.storage.backup.copied import copied_columns, copied_tables, raise_sequences
from services.storage.engines.statements import insert_or_ignore, insert_or_update
from services.storage.gate import Gate
from services.storage.handlers.one_by_one import one_by_one
from services.storage.keys import Purpose
from services.storage.migrations.run import LATEST
from services.storage.registry import AnyRow, write
from services.storage.repositories.contents import FIND_UPLOADS
from services.storage.tables.backup import restoration
from services.storage.tables.schema import account, body, content, domain, letter, mailbox, message, server_key
from services.storage.tables.words import word_index
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.base.ids import new_ulid
from shared.contracts import restore as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.restore import Begin, Begun, Clear, Cleared, Content, Contents, Finish, Rows, Stage

CLEARED = 2_000  # rows of one step
UID_LEAP, MODSEQ_LEAP = 100_000, 1_000_000
AHEAD = 1_000_000  # UIDVALIDITY is the time in seconds, or more where many mailboxes were made in one; never so much
OCCUPYING = (domain, account, mailbox, message, letter)

LEAP = update(mailbox).values(
    uidnext=mailbox.c.uidnext + UID_LEAP,
    modseq=mailbox.c.modseq + MODSEQ_LEAP,
    expunged_before=mailbox.c.modseq + MODSEQ_LEAP,
)


def rows(gate: Gate) -> tuple[AnyRow, ...]:
    """All that puts back a whole installation."""
    return (
        write(contract.begin, partial(one_by_one, partial(begin, gate))),
        write(contract.clear, partial(one_by_one, clear)),
        write(contract.rows, partial(one_by_one, add_rows)),
        write(contract.contents, partial(one_by_one, add_contents)),
        write(contract.finish, partial(one_by_one, partial(finish, gate))),
    )


def begin(gate: Gate, work: UnitOfWork, asked: Asked[Begin]) -> Begun:
    """Close the gate, unless somebody lives here."""
    connection, schema = work.connection, asked.request.schema
    if schema != LATEST:
        raise Refused(
            Code.CANNOT,
            f"the backup has schema {schema}, this program {LATEST}: restore it with the program that made it",
        )
    if connection.execute(select(restoration.c.id)).first() is None:
        for table in OCCUPYING:
            if connection.execute(select(*table.primary_key).limit(1)).first() is not None:
                raise Refused(Code.ALREADY_EXISTS, f"the installation is not empty: it has a {table.name}")
    number = new_ulid()
    connection.execute(delete(restoration))
    connection.execute(insert(restoration), {"id": number})
    _tell(gate, work, Stage(restoring=True))
    return Begun(number)


def clear(work: UnitOfWork, asked: Asked[Clear]) -> Cleared:
    """Remove some of what is in the way."""
    _judge(work.connection, asked.request.restoration)
    for table in (body, *reversed(copied_tables())):
        if table is server_key:
            continue  # those of the backup take their places
        key = list(table.primary_key)
        some = select(*key).limit(CLEARED)
        if work.connection.execute(delete(table).where(tuple_(*key).in_(some))).rowcount:
            return Cleared(more=True)
    return Cleared(more=False)


def add_rows(work: UnitOfWork, asked: Asked[Rows]) -> Done:
    """Write rows as they were."""
    request = asked.request
    _judge(work.connection, request.restoration)
    table = next((each for each in copied_tables() if each.name == request.table and each is not content), None)
    if table is None or request.columns != copied_columns(table):
        raise Refused(Code.MALFORMED, f"{request.table} has no such columns")
    given = [dict(zip(request.columns, row, strict=True)) for row in request.rows]
    if table is server_key:
        given = [row for row in given if row["purpose"] != Purpose.OBJECTS]  # the bodies' place is the new one's
    if given:
        _insert(work.connection, table, given)
    return Done()


def add_contents(work: UnitOfWork, asked: Asked[Contents]) -> Done:
    """Write contents with their bodies."""
    request, connection = asked.request, work.connection
    _judge(connection, request.restoration)
    ids = [each.body.upload for each in request.contents if each.body.upload]
    uploads = {row.id: row for row in connection.execute(FIND_UPLOADS, {"ids": ids})} if ids else {}
    contents, bodies = [], []
    for each in request.contents:
        octets, location = each.body.octets, ""
        if each.body.upload:
            row = uploads.get(each.body.upload)
            if row is None or row.hash != each.hash:
                raise Refused(Code.NOT_FOUND, "no such finished upload")
            octets, location = row.header[: each.summary.header_size], row.location
        elif sha256(octets).digest() != each.hash:
            raise Refused(Code.MALFORMED, "the octets are not those of the hash")
        contents.append(_content(each))
        bodies.append({"content_id": each.id, "octets": octets, "location": location})
    if contents:
        _insert(connection, content, contents)
        _insert(connection, body, bodies)
    return Done()


def _content(given: Content) -> dict[str, Any]:
    own = {"id": given.id, "hash": given.hash, "uses": given.uses, "created": given.created}
    return {**given.summary._asdict(), **own}


def finish(gate: Gate, work: UnitOfWork, asked: Asked[Finish]) -> Done:
    """Everything is there: leap, forget the restoration, start again. Asked again it has nothing to do."""
    request, connection = asked.request, work.connection
    if connection.execute(select(restoration.c.id)).first() is None:
        return Done()
    _judge(connection, request.restoration)
    raise_sequences(connection, dict(request.sequences))
    connection.execute(LEAP)
    if not request.keep_uidvalidity:
        _raise_uidvalidity(connection, int(work.now))
    connection.execute(delete(word_index))
    connection.execute(delete(restoration))
    _tell(gate, work, Stage(restoring=False))
    return Done()


def _raise_uidvalidity(connection: Connection, now: int) -> None:
    """By as much for all, so that within an account they stay different and below the account's last one."""
    lowest = connection.execute(select(func.min(mailbox.c.uidvalidity))).scalar()
    if lowest is None:
        return
    more = max(now - lowest, 0) + AHEAD
    for table in (mailbox, account):
        connection.execute(update(table).values(uidvalidity=table.c.uidvalidity + more))


def _tell(gate: Gate, work: UnitOfWork, stage: Stage) -> None:
    work.on_commit(partial(gate.told, stage))
    work.publish(contract.stage, stage)


def _judge(connection: Connection, number: str) -> None:
    if connection.execute(select(restoration.c.id)).scalar() != number:
        raise Refused(Code.STALE, "this restoration has ended, or another one has begun")


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    values = [column.name for column in table.columns if not column.primary_key]
    if values:
        connection.execute(insert_or_update(connection, table, *values), rows)
    else:
        connection.execute(insert_or_ignore(connection, table), rows)
