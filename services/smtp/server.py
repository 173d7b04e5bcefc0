"""All sessions of the process."""

from __future__ import annotations

import trio

from services.smtp.config import ROLES
from services.smtp.context import Shared
from services.smtp.replies import TOO_MANY_CONNECTIONS
from services.smtp.session import Session
from shared.contracts import directory
from shared.contracts.directory import AccountChanged
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.observe import tracing
from shared.runtime.drain import SHARE, spread

_TICK = 1.0  # seconds between two looks at the deadlines
_LAST_WORDS = 2.0  # seconds that a 421 has to reach a client


class Server:
    """Makes a session of each connection, and ends them when the process drains."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._sessions: set[Session] = set()

    async def handle(self, connection: Connection, spec: ListenerSpec) -> None:
        """Serve one connection to its end."""
        session = Session(connection, ROLES[spec.name], self._shared)
        self._sessions.add(session)
        reason = "cancelled"
        began = trio.current_time()
        try:
            reason = await session.run()
        finally:
            self._sessions.discard(session)
            if tracing.tracer is not None:
                tracing.tracer.first("smtp.session", connection.id, trio.current_time() - began, {})
            self._shared.log.debug(
                "smtp.session",
                session=connection.id,
                remote_ip=connection.peer_host,
                listener=spec.name,
                reason=reason,
            )

    def watch_accounts(self) -> None:
        """Notice when the directory changes. What a lost notice leaves stale, storage refuses."""
        self._shared.bus.subscribe(directory.account_changed, self._changed, on_gap=self._shared.resolver.forget)

    def _changed(self, change: AccountChanged) -> None:
        self._shared.resolver.forget()
        for session in self._sessions:
            session.account_changed(change.account)

    async def watch_deadlines(self) -> None:
        """The one clock of all sessions, for ever."""
        while True:
            await trio.sleep(_TICK)
            now = trio.current_time()
            for session in list(self._sessions):
                session.tick(now)

    async def drain(self, seconds: float) -> None:
        """Wait for the drain, then let go of the clients that have nothing in hand, and shortly before ``seconds``
        have passed of those who are still sending."""
        await self._shared.draining.wait()
        end = trio.current_time() + seconds - _LAST_WORDS
        await spread(self._sessions, Session.drain, seconds * SHARE)
        await trio.sleep_until(end)
        for session in list(self._sessions):
            session.cut()


def too_many(spec: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return TOO_MANY_CONNECTIONS.render()
