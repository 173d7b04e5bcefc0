"""While an installation is restored, it serves nobody else: what is half there must not be added to.

The gate closes when a restoration begins, in all replicas, and stands closed after a restart as long as the
restoration is on record. It does not open again: with its end, keys and all that a process remembers belong to
another past, so the process ends and is started again.
"""

from __future__ import annotations

import trio
from sqlalchemy import Connection, select

from services.storage.tables.backup import restoration
from shared.base.errors import StartError
from shared.contracts import blobs, control, restore
from shared.contracts.restore import Stage

PASSING = frozenset(
    op.name for op in (control.ping, blobs.upload, restore.begin, restore.clear, restore.rows, restore.contents)
) | {restore.finish.name}


class Restored(StartError):
    """The process has to start again, with what a backup held."""


class Gate:
    """One for a process."""

    def __init__(self, closed: bool) -> None:
        self.closed = closed
        self.restored = trio.Event()

    def told(self, stage: Stage) -> None:
        """A restoration has begun or ended, here or at another replica."""
        if stage.restoring:
            self.closed = True
        elif self.closed:
            self.restored.set()

    def passes(self, operation: str) -> bool:
        """Whether it is served now."""
        return not self.closed or operation in PASSING


def restoring(connection: Connection) -> bool:
    """Whether a restoration is on record."""
    return connection.execute(select(restoration.c.id).limit(1)).first() is not None
