"""The wiring of the POP3 service."""

from __future__ import annotations

import trio

from services.pop3.config import Pop3Settings
from services.pop3.house import House
from services.pop3.server import Server, too_many
from shared.runtime.process import Process


async def run(process: Process[Pop3Settings]) -> None:
    """Serve until draining is over."""
    settings = process.settings
    house = House(settings, process.bus, process.log, process.common.login, process.common.hostname, process.clock)
    server = Server(house)
    server.watch_accounts()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.drain, process.draining)
        nursery.start_soon(house.watch)
        await process.serve(
            settings.listeners, server.handle, too_many=too_many, drain_timeout=settings.drain_seconds
        )
        nursery.cancel_scope.cancel()
