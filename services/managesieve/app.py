"""The wiring of the ManageSieve service."""

from __future__ import annotations

import trio

from services.managesieve.config import ManageSieveSettings
from services.managesieve.house import House
from services.managesieve.server import Server, too_many
from shared.runtime.process import Process


async def run(process: Process[ManageSieveSettings]) -> None:
    """Serve until draining is over."""
    settings = process.settings
    server = Server(House(settings, process.bus, process.log, process.common.login))
    server.watch_accounts()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.drain, process.draining)
        await process.serve(
            settings.listeners, server.handle, too_many=too_many, drain_timeout=settings.drain_seconds
        )
        nursery.cancel_scope.cancel()
