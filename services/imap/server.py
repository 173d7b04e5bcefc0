"""What the listener calls for each connection, and what ends them all."""

from __future__ import annotations

import trio

from services.imap.context import Shared
from services.imap.roster import Roster
from services.imap.session import Session
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from shared.observe import tracing
from shared.observe.log import Log
from shared.protocols.imap import responses
from shared.runtime.drain import spread

_LOOK = 5.0  # seconds between looks for silent clients
_CLOSING = "The server is closing"


class Server:
    """All sessions of the process."""

    def __init__(self, shared: Shared, roster: Roster, log: Log) -> None:
        self._shared = shared
        self._roster = roster
        self._log = log
        self._draining = False

    async def serve(self, connection: Connection, listener: ListenerSpec) -> None:
        """One connection, from greeting to close."""
        session = Session(connection, self._shared, self._roster, self._log)
        self._roster.sessions.add(session)
        if self._draining:
            session.end(_CLOSING)
        started = trio.current_time()
        reason = "cut"
        try:
            reason = await session.run()
        finally:
            self._roster.sessions.discard(session)
            self._tell(session, listener, reason, trio.current_time() - started)

    async def drain(self, draining: trio.Event, seconds: float) -> None:
        """When the process is to end, let every session say BYE behind its command, spread over ``seconds``."""
        await draining.wait()
        self._draining = True
        await spread(self._roster.sessions, lambda session: session.end(_CLOSING), seconds)

    async def watch(self) -> None:
        """End sessions whose clients are silent. Runs for ever."""
        while True:
            await trio.sleep(_LOOK)
            now = trio.current_time()
            for session in list(self._roster.sessions):
                session.look(now)

    def _tell(self, session: Session, listener: ListenerSpec, reason: str, seconds: float) -> None:
        """The canonical line of a session."""
        talk, account = session.talk, session.account
        connection = talk.connection
        if tracing.tracer is not None:
            tracing.tracer.first("imap.session", connection.id, seconds, {"imap.commands": session.commands})
        self._log.info(
            "imap.session",
            session=connection.id,
            listener=listener.name,
            remote_ip=connection.peer_host,
            tls=connection.tls.version if connection.tls else "",
            account=account.address if account else "",
            mech=session.mechanism,
            client=session.identity,
            bytes_in=talk.received,
            bytes_out=talk.out.sent,
            commands=session.commands,
            longest=session.longest[1],
            longest_ms=round(session.longest[0] * 1000, 1),
            duration_ms=round(seconds * 1000),
            reason=reason,
            **talk.tally,
        )


def too_many(listener: ListenerSpec) -> bytes:
    """What a connection beyond the limits is told."""
    return responses.untagged("BYE", "Too many connections, try again later", "LIMIT")
