"""The listener of the service, and what ends sessions from outside: changed accounts and a shutdown."""

from __future__ import annotations

import trio

from services.managesieve.house import House
from services.managesieve.session import Session
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.protocols.managesieve.responses import bye

CLOSING = "the server is closing"


class Server:
    def __init__(self, house: House) -> None:
        self._house = house

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """One connection, from greeting to end."""
        await Session(connection, self._house).run()

    def watch_accounts(self) -> None:
        """End the sessions of an account whose password or state changes."""
        self._house.guests.watch_accounts(self._house.bus, "the account was changed")

    async def drain(self, draining: trio.Event) -> None:
        """At shutdown, let every session finish the command in hand; who comes now is told so."""
        await self._house.guests.drain(draining, CLOSING, self._house.settings.drain_seconds)


def too_many(spec: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return bye("too many connections", b"TRYLATER")
