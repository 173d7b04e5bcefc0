"""What transcripts cannot show: TLS from afar, hostile clients, failing storage, sessions ended from outside."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
import trio
import trustme

from services.managesieve.config import ManageSieveSettings
from services.managesieve.house import House
from services.managesieve.server import Server
from shared.bus.client import Bus
from shared.bus.memory import MemoryBroker
from shared.contracts import directory
from shared.contracts.directory import AccountSet
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection
from tests.support.running_storage import PASSWORD, RunningStorage, running_storage

BOB = "bob@example.org"
PLAIN = b64encode(f"\0{BOB}\0{PASSWORD}".encode())
SPEC = ListenerSpec("managesieve", "", 0, "starttls")


class Client:
    """The other end of one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._received = b""

    async def send(self, octets: bytes) -> None:
        await self.stream.send_all(octets)

    async def line(self) -> bytes:
        """The next line; empty at the end of the connection."""
        while b"\r\n" not in self._received:
            octets = await self.stream.receive_some(65536)
            if not octets:
                return b""
            self._received += octets
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    async def status(self) -> bytes:
        """The next line that is a status."""
        while True:
            line = await self.line()
            if line.partition(b" ")[0] in (b"OK", b"NO", b"BYE", b""):
                return line

    async def ask(self, line: bytes) -> bytes:
        await self.send(line + b"\r\n")
        return await self.status()


class Stage:
    """One process of the service, before a whole storage unless the test has a bus without one."""

    def __init__(self, nursery: trio.Nursery, bus: Bus, settings: ManageSieveSettings) -> None:
        authority = trustme.CA()
        self.server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("mail.example.org").configure_cert(self.server_tls)
        self.client_tls = ssl.create_default_context()
        authority.configure_trust(self.client_tls)
        self.house = House(settings, bus, structlog.get_logger())
        self.server = Server(self.house)
        self.server.watch_accounts()
        self.storage: RunningStorage | None = None
        self._nursery = nursery

    async def connect(self, host: str = "127.0.0.1") -> Client:
        """A client that has heard the greeting."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._nursery.start_soon(self._serve, Connection(theirs, peer_host=host, context=self.server_tls))
        client = Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        assert (await client.status()).startswith(b"OK")
        return client

    async def _serve(self, connection: Connection) -> None:
        try:
            await self.server.handle(connection, SPEC)
        finally:
            await connection.aclose()

    async def logged_in(self) -> Client:
        client = await self.connect()
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % PLAIN)).startswith(b"OK")
        return client


@asynccontextmanager
async def stage(folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    async with running_storage(folder) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts(BOB)
        made = Stage(nursery, storage.bus("managesieve"), ManageSieveSettings(**{"mistake_delay": 0.0, **settings}))
        made.storage = storage
        yield made
        nursery.cancel_scope.cancel()


async def test_case_22_nothing_before_starttls_survives_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.connect("192.0.2.7")
        await client.send(b'STARTTLS\r\nNOOP "injected"\r\n')
        assert (await client.status()).startswith(b"BYE")
        assert await client.line() == b""


async def test_case_23_no_login_without_tls_from_afar(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.connect("192.0.2.7")
        await client.send(b"CAPABILITY\r\n")
        assert await client.line() == b'"IMPLEMENTATION" "Eilpost"'
        assert await client.line() == b'"SASL" ""'
        assert (await client.status()).startswith(b"OK")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % PLAIN)).startswith(b"NO (ENCRYPT-NEEDED)")
        assert (await client.ask(b"STARTTLS")).startswith(b"OK")
        client.stream = trio.SSLStream(client.stream, made.client_tls, server_hostname="mail.example.org")
        assert (await client.status()).startswith(b"OK")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % PLAIN)).startswith(b"OK")


async def test_case_28_broken_and_endless_exchanges(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.connect()
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "\xff"')).startswith(b"NO")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" {20000+}\r\n' + b"A" * 20_000)).startswith(b"NO")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" {15000+}\r\n' + b"A" * 15_000)).startswith(b"NO")
        nul = b64encode(b"\0bob\0pass\0word")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % nul)).startswith(b"NO")
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % PLAIN)).startswith(b"OK")


async def test_case_31_strange_names_fail_like_any_other(tmp_path: Path) -> None:
    async with stage(tmp_path, login_attempts=20) as made:
        client = await made.connect()
        for name in ("' OR 1=1", "*)(uid=*", "a.*.>", "x" * 8_000, "\x01\x1b[31m"):
            evidence = b64encode(f"\0{name}\0{PASSWORD}".encode())
            assert await client.ask(b'AUTHENTICATE "PLAIN" {%d+}\r\n%b' % (len(evidence), evidence)) == (
                b'NO "authentication failed"'
            )


async def test_three_failures_end_the_connection(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.connect()
        wrong = b'AUTHENTICATE "PLAIN" "%b"' % b64encode(f"\0{BOB}\0wrong".encode())
        for _ in range(2):
            assert await client.ask(wrong) == b'NO "authentication failed"'
        assert (await client.ask(wrong)).startswith(b"BYE")
        assert await client.line() == b""


async def test_case_56_a_script_that_is_too_large_is_refused_and_the_next_command_found(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.logged_in()
        large = b"#" * (1024 * 1024)
        for command in (b'PUTSCRIPT "a" ', b"CHECKSCRIPT "):
            await client.send(command + b"{%d+}\r\n%b\r\n" % (len(large), large))
            assert (await client.status()).startswith(b"NO (QUOTA/MAXSIZE)")
        nested = b"if true {" * 9_000 + b"}" * 9_000
        assert b"line 1" in await client.ask(b"CHECKSCRIPT {%d+}\r\n%b" % (len(nested), nested))
        assert (await client.ask(b"NOOP")).startswith(b"OK")


async def test_case_58_a_script_that_does_not_compile_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.logged_in()
        assert await client.ask(b'PUTSCRIPT "a" "keep;"') == b"OK"
        assert await client.ask(b'SETACTIVE "a"') == b"OK"
        for script in (b"keep", b"\xff\xfe", b'require ["nosuchthing"];', b"if" * 2_000, b"\0"):
            assert (await client.ask(b'PUTSCRIPT "a" {%d+}\r\n%b' % (len(script), script))).startswith(b"NO")
        await client.send(b'GETSCRIPT "a"\r\n')
        assert [await client.line() for _ in range(3)] == [b"{5}", b"keep;", b"OK"]
        await client.send(b"LISTSCRIPTS\r\n")
        assert await client.line() == b'"a" ACTIVE'


async def test_too_many_mistakes_end_the_connection(tmp_path: Path) -> None:
    async with stage(tmp_path, mistakes=5) as made:
        client = await made.connect()
        for _ in range(4):
            assert (await client.ask(b"FROBNICATE")).startswith(b"NO")
        assert (await client.ask(b"FROBNICATE")).startswith(b"BYE")
        assert await client.line() == b""


async def test_a_changed_account_ends_its_sessions(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client, stranger = await made.logged_in(), await made.connect()
        assert made.storage is not None
        await made.storage.ask("admin", directory.account_set, AccountSet(BOB, secret="another"))
        assert (await client.status()).startswith(b"BYE")
        assert (await stranger.ask(b"NOOP")).startswith(b"OK")


async def test_storage_away(autojump_clock: trio.testing.MockClock) -> None:
    async with trio.open_nursery() as nursery:
        made = Stage(nursery, MemoryBroker().connect("managesieve", "1"), ManageSieveSettings(login_timeout=300))
        client = await made.connect()
        assert (await client.ask(b'AUTHENTICATE "PLAIN" "%b"' % PLAIN)).startswith(b"NO (TRYLATER)")
        nursery.cancel_scope.cancel()


async def test_shutdown_lets_go_of_idle_clients(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        client = await made.logged_in()
        draining = trio.Event()
        draining.set()
        await made.server.drain(draining)
        assert (await client.status()).startswith(b"BYE")
        assert await client.line() == b""
