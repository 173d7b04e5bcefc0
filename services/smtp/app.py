"""The SMTP service put together."""

from __future__ import annotations

from dataclasses import replace

import trio

from services.smtp.config import SmtpSettings
from services.smtp.context import Shared
from services.smtp.ingress.door import Door
from services.smtp.judgement.judge import Judge
from services.smtp.resolver import Resolver
from services.smtp.server import Server, too_many
from services.smtp.signing import Signatures
from shared.net import dns
from shared.runtime.process import Process
from shared.runtime.tally import Tally


async def run(process: Process[SmtpSettings]) -> None:
    """Serve until the process drains."""
    bus = process.bus
    settings = replace(process.settings, hostname=process.settings.hostname or process.common.hostname)
    resolver = Resolver(bus, settings.resolution_seconds)
    async with trio.open_nursery() as nursery:
        names = dns.Resolver(process.common.dns)
        door = Door(settings.ingress, names, bus)
        tally = Tally(bus, process.clock, process.log)
        judge = Judge(
            settings.judgement,
            settings.hostname,
            names,
            nursery,
            tally if settings.judgement.dmarc_reports else None,
        )
        signatures = Signatures(bus, process.log)
        login, clock = process.common.login, process.clock
        server = Server(
            Shared(settings, bus, resolver, process.log, process.draining, door, judge, signatures, clock, login)
        )
        server.watch_accounts()
        nursery.start_soon(server.drain, process.common.drain.timeout)
        nursery.start_soon(server.watch_deadlines)
        nursery.start_soon(tally.run)
        await process.serve(settings.listeners, server.handle, too_many=too_many)
        await tally.close()
        nursery.cancel_scope.cancel()
