"""The listeners of the service, and what ends sessions from outside: changed accounts and a shutdown."""

from __future__ import annotations

import trio

from services.pop3.house import House
from services.pop3.session import Session
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.protocols.pop3.replies import ResponseCode, err

CLOSING = "shutting down"


class Server:
    def __init__(self, house: House) -> None:
        self._house = house

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """One connection, from greeting to end."""
        await Session(connection, self._house).run()

    def watch_accounts(self) -> None:
        """End the sessions of an account whose password or state changes."""
        self._house.guests.watch_accounts(self._house.bus, "account changed", self._house.verify_all)

    async def drain(self, draining: trio.Event) -> None:
        """At shutdown, let every session finish the command in hand; who comes now is told so."""
        await self._house.guests.drain(draining, CLOSING, self._house.settings.drain_seconds)


def too_many(spec: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return err("too many connections", ResponseCode.SYS_TEMP)
