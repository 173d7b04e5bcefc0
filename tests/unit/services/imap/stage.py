"""The IMAP service on a memory bus, with real storage handlers behind it and socket pairs in front."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
import trio

from services.imap.config import ImapSettings
from services.imap.context import Shared
from services.imap.lookout import Lookout
from services.imap.names import Names
from services.imap.notify.watches import Watches
from services.imap.roster import Roster
from services.imap.server import Server
from services.imap.sync import Mailboxes
from shared.bus.client import Bus, Call
from shared.bus.memory import MemoryBroker
from shared.contracts import directory
from shared.contracts.directory import LoggedIn, Login, Renew
from shared.contracts.errors import Code, Refused
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from tests.support.storage import Store

PASSWORD = "correct horse"
PATIENCE = 30.0  # seconds for octets that a test waits for, on a machine that others use as well
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
LISTENER = ListenerSpec("imap", "127.0.0.1", 0, "starttls")


class Client:
    """A client that reads whole responses, literals included."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream: trio.abc.Stream = stream
        self._received = b""
        self._tag = 0

    async def send(self, octets: bytes) -> None:
        await self.stream.send_all(octets)

    async def response(self) -> bytes:
        """The next response without its line end; b"" at the end of the stream."""
        start = 0
        while True:
            end = self._received.find(b"\r\n", start) + 2
            if end < 2:
                if not await self._more():
                    return b""
                continue
            found = _LITERAL.search(self._received, start, end)
            if found is None:
                octets, self._received = self._received[: end - 2], self._received[end:]
                return octets
            start = end + int(found[1])
            while len(self._received) < start:
                if not await self._more():
                    return b""

    async def _more(self) -> bool:
        with trio.fail_after(PATIENCE):
            try:
                data = await self.stream.receive_some(65536)
            except trio.BrokenResourceError:
                return False
        self._received += data
        return bool(data)

    async def until(self, tag: bytes) -> list[bytes]:
        """All responses up to the tagged one."""
        found = [await self.response()]
        while not found[-1].startswith(tag + b" ") and found[-1]:
            found.append(await self.response())
        return found

    async def ask(self, command: str | bytes) -> list[bytes]:
        """Send one command; all responses to it, the tagged one last and without its tag."""
        self._tag += 1
        tag = b"t%d" % self._tag
        await self.send(tag + b" " + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        found = await self.until(tag)
        found[-1] = found[-1].removeprefix(tag + b" ")
        return found

    async def ok(self, command: str | bytes) -> list[bytes]:
        """The untagged responses of a command that must succeed."""
        found = await self.ask(command)
        assert found[-1].startswith(b"OK"), found
        return found[:-1]

    async def no(self, command: str | bytes, code: str) -> None:
        """A command that must be refused with this code."""
        found = await self.ask(command)
        assert found[-1].startswith(b"NO [" + code.encode()), found

    async def append(self, octets: bytes, mailbox: str = "INBOX", flags: str = "") -> bytes:
        """APPEND by a literal that needs no leave; the tagged response."""
        return (await self.ask(b"APPEND %b %b{%d+}\r\n%b" % (mailbox.encode(), flags.encode(), len(octets), octets)))[
            -1
        ]


class Desk:
    """Storage on the bus: one call at a time, answered at once, unless a fault is asked for."""

    def __init__(self, store: Store, broker: MemoryBroker) -> None:
        self.store = store
        self.calls: list[str] = []
        self.refuse: dict[str, Code] = {}
        self.logins: list[Login] = []
        self.ended: set[int] = set()  # accounts whose grants are refused
        self.bus = broker.connect("storage", "s")
        for row in store.rows.values():
            if "imap" in row.op.callers:
                self.bus.serve(row.op, self._answering(row.op))
        self.bus.serve(directory.login, self._login)
        self.bus.serve(directory.renew, self._renew)

    def _answering(self, op: Any) -> Callable[[Call[Any, Any]], None]:
        def on_call(call: Call[Any, Any]) -> None:
            self.calls.append(op.name)
            if op.name in self.refuse:
                call.refuse(self.refuse[op.name])
                return
            account, _, session = getattr(call.request, "grant", b"0:").decode().partition(":")
            try:
                reply = self.store.call(op, call.request, account=int(account), session=session)
            except Refused as refused:
                call.refuse(refused.code, refused.text, refused.data)
            else:
                self.announce()
                call.answer(reply)

        return on_call

    def announce(self) -> None:
        """Publish what was committed."""
        announcements, self.store.announcements = self.store.announcements, []
        for each in announcements:
            self.bus.publish(each.event, each.payload, key=each.key)

    def _login(self, call: Call[Login, LoggedIn]) -> None:
        request = call.request
        self.logins.append(request)
        if request.password != PASSWORD:
            call.refuse(Code.LOGIN_FAILED)
            return
        number = self.store.bob if request.username == "bob@example.org" else int(request.username)
        call.answer(LoggedIn(f"{number}:{request.session}".encode(), number, request.username, 2**40))

    def _renew(self, call: Call[Renew, LoggedIn]) -> None:
        number = int(call.request.grant.decode().partition(":")[0])
        if number in self.ended:
            call.refuse(Code.GRANT_EXPIRED)
        else:
            call.answer(LoggedIn(call.request.grant, number, str(number), 2**40))


class Front:
    """One IMAP process, whatever storage is behind ``bus``."""

    def __init__(self, nursery: trio.Nursery, bus: Bus, settings: ImapSettings, tls: ssl.SSLContext | None) -> None:
        self.nursery = nursery
        self.settings = settings
        self.tls = tls
        self.bus = bus
        self.mailboxes = Mailboxes(
            self.bus,
            warm_seconds=settings.warm_seconds,
            warm_views=settings.warm_views,
            poll_seconds=settings.poll_seconds,
        )
        self.roster = Roster(self.bus, settings.sessions_per_account, time.time)
        self.watches = Watches(self.bus, settings.poll_seconds)
        shared = Shared(settings, self.bus, nursery, self.mailboxes, Names(settings.separator), self.watches)
        self.server = Server(shared, self.roster, structlog.get_logger())
        nursery.start_soon(self.mailboxes.watch)
        nursery.start_soon(self.watches.run)
        nursery.start_soon(Lookout(self.bus, (self.mailboxes, self.watches), settings.check_seconds).run)
        nursery.start_soon(self.roster.watch)
        nursery.start_soon(self.server.watch)

    async def connect(self, *, host: str = "127.0.0.1") -> Client:
        """A client that has read nothing yet."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        connection = Connection(theirs, peer_host=host, context=self.tls)
        self.nursery.start_soon(self._serve, connection)
        return Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))

    async def _serve(self, connection: Connection) -> None:
        try:
            await self.server.serve(connection, LISTENER)
        finally:
            await connection.aclose()

    async def logged_in(self, user: str = "bob@example.org") -> Client:
        """A client behind its login."""
        client = await self.connect()
        await client.response()
        await client.ok(f'LOGIN {user} "{PASSWORD}"')
        return client

    async def selected(self, mailbox: str = "INBOX") -> Client:
        """A client with a mailbox selected."""
        client = await self.logged_in()
        await client.ok(f"SELECT {mailbox}")
        return client


class Stage(Front):
    """A process with storage's handlers behind it, and its clients."""

    def __init__(
        self, nursery: trio.Nursery, store: Store, settings: ImapSettings, tls: ssl.SSLContext | None
    ) -> None:
        self.broker = MemoryBroker(seed=1)
        self.desk = Desk(store, self.broker)
        self.store = store
        self.wire = self.broker.connect("imap", "i")
        super().__init__(nursery, self.wire, settings, tls)


def stage_settings(**changes: Any) -> ImapSettings:
    """Settings for a test."""
    return replace(ImapSettings(), **changes)


def open_store(path: Path) -> Store:
    """Storage in a folder of the test."""
    path.mkdir(parents=True, exist_ok=True)
    return Store(path)
