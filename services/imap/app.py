"""The IMAP service put together."""

from __future__ import annotations

from functools import partial

import trio

from services.imap.config import ImapSettings
from services.imap.context import Shared
from services.imap.lookout import Lookout
from services.imap.names import Names
from services.imap.notify.watches import Watches
from services.imap.pace import Pace
from services.imap.roster import Roster
from services.imap.server import Server, too_many
from services.imap.sync import Mailboxes
from shared.contracts.control import imap_sessions
from shared.runtime.drain import SHARE
from shared.runtime.process import Process
from shared.runtime.siblings import Siblings
from shared.runtime.supervisor import keep


async def run(process: Process[ImapSettings]) -> None:
    """Serve until the process drains."""
    settings, log = process.settings, process.log
    mailboxes = Mailboxes(
        process.bus,
        warm_seconds=settings.warm_seconds,
        warm_views=settings.warm_views,
        poll_seconds=settings.poll_seconds,
    )
    roster = Roster(process.bus, settings.sessions_per_account, process.clock)
    watches = Watches(process.bus, settings.poll_seconds)
    lookout = Lookout(process.bus, (mailboxes, watches), settings.check_seconds)
    async with trio.open_nursery() as nursery:
        pace = Pace(settings.commands_per_minute)
        nursery.start_soon(partial(keep, "pace", partial(pace.run, process.bus), log=log))
        shared = Shared(
            settings,
            process.bus,
            nursery,
            mailboxes,
            Names(settings.separator),
            watches,
            process.common.login,
            settings.managesieve or process.common.hostname,
            pace,
        )
        server = Server(shared, roster, log)
        nursery.start_soon(partial(keep, "mailboxes", mailboxes.watch, log=log))
        nursery.start_soon(partial(keep, "lookout", lookout.run, log=log))
        nursery.start_soon(partial(keep, "watches", watches.run, log=log))
        nursery.start_soon(partial(keep, "roster", roster.watch, log=log))
        if most := settings.sessions_per_account:
            siblings = Siblings(process.bus, imap_sessions, roster.held, most)
            nursery.start_soon(partial(keep, "sessions", siblings.run, log=log))
        nursery.start_soon(partial(keep, "server", server.watch, log=log))
        nursery.start_soon(server.drain, process.draining, process.common.drain.timeout * SHARE)
        await process.serve(settings.listeners, server.serve, too_many=too_many)
        nursery.cancel_scope.cancel()
