"""The listener of the service, and what ends sessions from outside: changed accounts and a shutdown.

A notice that is lost lets nobody do anything: storage refuses the grant of an account that has changed.
"""

from __future__ import annotations

import trio

from services.managesieve.house import House
from services.managesieve.session import Session
from shared.contracts import directory
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.protocols.managesieve.responses import bye
from shared.runtime.drain import SHARE, spread

CLOSING = "the server is closing"


class Server:
    def __init__(self, house: House) -> None:
        self._house = house

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """One connection, from greeting to end."""
        await Session(connection, self._house).run()

    def watch_accounts(self) -> None:
        """End the sessions of an account whose password or state changes."""
        self._house.bus.subscribe(directory.account_changed, self._account_changed, on_gap=lambda: None)

    def _account_changed(self, event: directory.AccountChanged) -> None:
        if event.account:
            self._house.end_all("the account was changed", event.account)

    async def drain(self, draining: trio.Event) -> None:
        """At shutdown, let every session finish the command in hand; who comes now is told so."""
        await draining.wait()
        self._house.closing = CLOSING
        await spread(self._house.guests, lambda guest: guest.end(CLOSING), self._house.settings.drain_seconds * SHARE)


def too_many(spec: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return bye("too many connections", b"TRYLATER")
