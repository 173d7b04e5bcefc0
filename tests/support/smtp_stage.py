"""The SMTP service on a memory bus, in front of a small honest storage, with clients over socket pairs.

No threads and no real time: tests may run it under `trio.testing.MockClock`.
"""

from __future__ import annotations

import socket
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import structlog
import trio
import trustme

from services.smtp.config import SmtpSettings
from services.smtp.context import Shared
from services.smtp.ingress.door import Door
from services.smtp.judgement.judge import Judge
from services.smtp.judgement.settings import JudgementSettings
from services.smtp.resolver import Resolver
from services.smtp.server import Server
from services.smtp.signing import Signatures
from shared.bus.client import AnyCall, Bus
from shared.bus.memory import MemoryBroker
from shared.contracts import blobs, directory, dkim, greylist, spool
from shared.contracts.directory import Kind, Resolution
from shared.contracts.errors import Code
from shared.contracts.op import Op
from shared.net.dns import Resolver as DnsResolver
from shared.net.dns_settings import DnsSettings
from shared.net.listener import ListenerSpec
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.net.tls import server_context
from shared.protocols.dns import Answer, Question
from shared.runtime.tally import Tally
from tests.support.authentication import look_up

DOMAIN = "example.org"
PASSWORD = "correct horse"
FOREVER = 2**40
UNJUDGED = JudgementSettings(enabled=False)


class Silent:
    """What an operation does instead of answering: nothing."""


class SmallStorage:
    """Accounts alice and bob, carol whose mailbox is full, and a spool that keeps what it gets."""

    def __init__(self, bus: Bus) -> None:
        self.accounts = {f"{name}@{DOMAIN}": number for number, name in enumerate(("alice", "bob", "carol"), 1)}
        self.full = {f"carol@{DOMAIN}"}
        self.letters: dict[str, spool.Accept] = {}
        self.calls: list[str] = []
        self.instead: dict[str, Code | type[Silent]] = {}
        self.expires = FOREVER
        self.waits: tuple[int, ...] = ()
        self.keys: tuple[dkim.PrivateKey, ...] = ()
        self.bus = bus
        self._serve(directory.resolve, self._resolve)
        self._serve(directory.login, self._login)
        self._serve(directory.renew, lambda call: call.refuse(Code.GRANT_EXPIRED))
        self._serve(directory.may_send, self._may_send)
        self._serve(spool.accept, self._accept)
        self._serve(
            greylist.check, lambda call: call.answer(greylist.Checked(self.waits or (0,) * len(call.request.keys)))
        )
        self._serve(dkim.signing, lambda call: call.answer(dkim.SigningKeys(DOMAIN, self.keys)))
        self._serve(blobs.upload, lambda call: call.answer(blobs.UploadTicket("u1", "http://127.0.0.1:1/nobody")))

    @property
    def letter(self) -> spool.Accept:
        """The only one."""
        (letter,) = self.letters.values()
        return letter

    def _serve(self, op: Op[Any, Any], answer: Any) -> None:
        def on_call(call: AnyCall) -> None:
            self.calls.append(op.name)
            instead = self.instead.get(op.name)
            if instead is None:
                answer(call)
            elif isinstance(instead, Code):
                call.refuse(instead)

        self.bus.serve(op, on_call)

    def _resolve(self, call: AnyCall) -> None:
        call.answer(directory.Resolved(tuple(self._resolution(address) for address in call.request.addresses)))

    def _resolution(self, address: str) -> Resolution:
        key = address.lower()
        if key == "postmaster":
            return Resolution(f"{key}@{DOMAIN}", Kind.LOCAL, (1,), (f"alice@{DOMAIN}",))
        if key in self.full:
            return Resolution(address, Kind.FULL)
        if key in self.accounts:
            return Resolution(address, Kind.LOCAL, (self.accounts[key],), (key,))
        return Resolution(address, Kind.UNKNOWN if key.endswith(f"@{DOMAIN}") else Kind.FOREIGN)

    def _login(self, call: AnyCall) -> None:
        account = self.accounts.get(call.request.username)
        if account is None or call.request.password != PASSWORD:
            call.refuse(Code.LOGIN_FAILED)
        else:
            name = call.request.username
            call.answer(directory.LoggedIn(name.encode(), account, name, self.expires))

    def _may_send(self, call: AnyCall) -> None:
        own = call.request.grant.decode()
        call.answer(directory.Allowed(tuple(address.lower() == own for address in call.request.addresses)))

    def _greylist(self, call: AnyCall) -> None:
        call.answer(greylist.Checked(self.waits or (0,) * len(call.request.keys)))

    def _accept(self, call: AnyCall) -> None:
        known = call.request.letter in self.letters
        self.letters[call.request.letter] = call.request
        call.answer(spool.Accepted(call.request.letter, known))


class DnsOfDictionaries(DnsResolver):
    """Answers from ``records``, by name and type; nothing is remembered."""

    def __init__(self) -> None:
        super().__init__(DnsSettings(nameservers=("127.0.0.1",)))
        self.records: dict[tuple[str, str], Any] = {}
        self.asked: list[Question] = []

    async def _ask(self, question: Question) -> Answer:
        await trio.lowlevel.checkpoint()
        self.asked.append(question)
        return look_up(self.records, question)


class Client:
    """The other end of one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._received = b""

    async def send(self, octets: bytes) -> None:
        await self.stream.send_all(octets)

    async def reply(self) -> str:
        """The next reply, its lines joined by newlines; "" at the end of the connection."""
        lines: list[str] = []
        while True:
            line, found, rest = self._received.partition(b"\r\n")
            if found:
                self._received = rest
                lines.append(line.decode("ascii"))
                if line[3:4] != b"-":
                    return "\n".join(lines)
                continue
            try:
                octets = await self.stream.receive_some(65536)
            except trio.BrokenResourceError:
                octets = b""
            if not octets:
                assert not self._received
                return ""
            self._received += octets

    async def ask(self, line: str | bytes) -> str:
        """Send one command, return its reply."""
        await self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return await self.reply()

    async def replies(self, count: int) -> list[str]:
        return [await self.reply() for _ in range(count)]

    async def greeted(self, name: str = "client.example") -> str:
        """Take the greeting and say EHLO; its reply."""
        assert (await self.reply()).startswith("220 ")
        return await self.ask(f"EHLO {name}")

    async def start_tls(self) -> None:
        """The client's side of the handshake."""
        self.stream = trio.SSLStream(self.stream, _certificates().client, server_hostname="localhost")
        await self.stream.do_handshake()

    async def ends(self) -> bool:
        """Whether the server has nothing more to say and closes."""
        return await self.reply() == ""


class _Certificates(NamedTuple):
    server: ssl.SSLContext
    client: ssl.SSLContext


@lru_cache(1)
def _certificates() -> _Certificates:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder, "cert.pem"), Path(folder, "key.pem")
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        server = server_context(str(certificate), str(key))
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return _Certificates(server, client)


def client_context() -> ssl.SSLContext:
    """What a client trusts the stage by."""
    return _certificates().client


class SmtpStage:
    """A running service. ``storage`` is a `SmallStorage` unless a bus to another one was given."""

    def __init__(self, nursery: trio.Nursery, storage: Any, bus: Bus, settings: SmtpSettings) -> None:
        self.storage = storage
        self.bus = bus
        self.settings = settings
        self.draining = trio.Event()
        self.resolver = Resolver(bus, settings.resolution_seconds)
        self.dns = DnsOfDictionaries()
        door = Door(settings.ingress, self.dns, bus)
        log = structlog.get_logger()
        self.tally = Tally(bus, time.time, log)
        counts = self.tally if settings.judgement.dmarc_reports else None
        judge = Judge(settings.judgement, settings.hostname, self.dns, nursery, counts)
        signatures = Signatures(bus, log)
        self.server = Server(
            Shared(settings, bus, self.resolver, log, self.draining, door, judge, signatures, time.time)
        )
        self.server.watch_accounts()
        self._nursery = nursery
        nursery.start_soon(self.server.drain, 20.0)
        nursery.start_soon(self.server.watch_deadlines)

    def connect(self, listener: str = "smtp", remote: str = "192.0.2.7", *, first: bytes = b"") -> Client:
        """A client from ``remote``; ``first`` is sent before the server sees the connection."""
        ours, theirs = socket.socketpair()
        ours.sendall(first)
        context = None if listener == "lmtp" else _certificates().server
        connection = Connection(theirs, peer_host=remote, peer_port=4321, local_port=25, context=context)
        tls = "none" if listener == "lmtp" else "implicit" if listener == "submissions" else "starttls"
        self._nursery.start_soon(self._serve, connection, ListenerSpec(listener, "", 0, tls))
        return Client(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))

    async def submit(self, user: str = "alice", remote: str = "127.0.0.1") -> Client:
        """A client that has logged in on the submission port."""
        client = self.connect("submission", remote)
        await client.greeted()
        assert (await client.ask(b"AUTH PLAIN " + plain(user))).startswith("235 ")
        return client

    async def _serve(self, connection: Connection, spec: ListenerSpec) -> None:
        try:
            await self.server.handle(connection, spec)
        except (PeerGone, PeerTimeout):
            pass
        finally:
            await connection.aclose()


def plain(user: str, password: str = PASSWORD) -> bytes:
    """The initial response of AUTH PLAIN."""
    return b64encode(f"\0{user}@{DOMAIN}\0{password}".encode())


@asynccontextmanager
async def smtp_stage(**settings: Any) -> AsyncIterator[SmtpStage]:
    """A service with some settings of its own; it judges nothing unless they say so."""
    settings = {"hostname": "mx.example.org", "judgement": UNJUDGED, **settings}
    broker = MemoryBroker()
    storage = SmallStorage(broker.connect("storage", "1"))
    async with trio.open_nursery() as nursery:
        bus = broker.connect("smtp", "1")
        yield SmtpStage(nursery, storage, bus, SmtpSettings(**settings))
        nursery.cancel_scope.cancel()
