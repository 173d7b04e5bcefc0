"""All tables as they are at one moment, as a stream (see `shared.contracts.backup`).

The snapshot lasts as long as somebody reads: on SQLite the WAL grows meanwhile by what is written, on PostgreSQL dead
rows stay. Whoever stops reading is closed by the data port's time-out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

import msgpack
import trio
from sqlalchemy import Connection, Table, select

from services.storage.backup.copied import copied_columns, copied_tables, sequences
from services.storage.engines.database import Database
from services.storage.migrations.run import LATEST
from services.storage.tables.schema import content

PIECE = 128 * 1024  # octets
ROWS = 100  # fetched at once


def pieces(connection: Connection) -> Iterator[bytes]:
    """The stream, in pieces of about `PIECE` octets; ``connection`` is in a transaction that is a snapshot."""
    packer = msgpack.Packer(autoreset=False)
    packer.pack({"schema": LATEST, "sequences": sequences(connection)})
    for table in copied_tables():
        yield from _table(connection, packer, table)
    packer.pack({"whole": True})
    yield packer.bytes()


def _table(connection: Connection, packer: Any, table: Table) -> Iterator[bytes]:
    columns = copied_columns(table)
    packer.pack({"table": table.name, "columns": columns})
    query = select(*(table.c[name] for name in columns)).order_by(*table.primary_key)
    if table is content:
        query = query.where(content.c.uses > 0)
    count = 0
    for partition in connection.execute(query, execution_options={"yield_per": ROWS}).partitions():
        for row in partition:
            packer.pack(tuple(row))
        count += len(partition)
        if len(packer.getbuffer()) >= PIECE:
            yield packer.bytes()
            packer.reset()
    packer.pack({"end": table.name, "rows": count})


def snapshots(database: Database) -> Callable[[], AsyncGenerator[bytes, None]]:
    """A source of streams, each of its own moment."""

    async def stream() -> AsyncGenerator[bytes, None]:
        connection = await trio.to_thread.run_sync(database.patient_reader)
        try:
            transaction = await trio.to_thread.run_sync(connection.begin)
            rest = pieces(connection)
            while (piece := await trio.to_thread.run_sync(next, rest, None)) is not None:
                yield piece
            await trio.to_thread.run_sync(transaction.rollback)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(connection.close)

    return stream
