"""The listeners of the service, and what ends sessions from outside: changed accounts and a shutdown."""

from __future__ import annotations

import trio

from services.pop3.house import House
from services.pop3.session import Session
from shared.contracts import directory
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.protocols.pop3.replies import ResponseCode, err
from shared.runtime.drain import SHARE, spread

CLOSING = "shutting down"


class Server:
    def __init__(self, house: House) -> None:
        self._house = house

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """One connection, from greeting to end."""
        await Session(connection, self._house).run()

    def watch_accounts(self) -> None:
        """End the sessions of an account whose password or state changes."""
        self._house.bus.subscribe(directory.account_changed, self._account_changed, on_gap=self._house.verify_all)

    def _account_changed(self, event: directory.AccountChanged) -> None:
        self._house.end_all("account changed", event.account)

    async def drain(self, draining: trio.Event) -> None:
        """At shutdown, let every session finish the command in hand; who comes now is told so."""
        await draining.wait()
        self._house.closing = CLOSING
        await spread(self._house.guests, lambda guest: guest.end(CLOSING), self._house.settings.drain_seconds * SHARE)


def too_many(spec: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return err("too many connections", ResponseCode.SYS_TEMP)
