"""Is there room left? Mail is refused while there is not, so that the database never meets the end of the disk."""

from __future__ import annotations

import trio

from services.storage.engines.database import Database
from shared.observe.log import Log

INTERVAL = 1.0  # seconds


class DiskGuard:
    """``full`` is true while less than ``keep_free`` octets are left."""

    def __init__(self, database: Database, keep_free: int, log: Log) -> None:
        self._database = database
        self._keep_free = keep_free
        self._log = log
        self.full = False

    def look(self) -> None:
        """Compare what is free with what must stay free."""
        free = self._database.free()
        full = free < self._keep_free
        if full != self.full:
            self._log.warning("storage.disk_full" if full else "storage.disk_free_again", free=free)
        self.full = full

    async def run(self) -> None:
        """Look again and again."""
        while True:
            self.look()
            await trio.sleep(INTERVAL)
