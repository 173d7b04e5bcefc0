"""The POP3 service on a memory bus in front of storage's real handlers, in a thread of its own.

Logins alone are made up here: an account's password is `PASSWORD`, and its grant is its address.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import md5
from pathlib import Path
from typing import Any

import structlog
import trio
import trustme

from services.pop3.config import Pop3Settings
from services.pop3.house import House
from services.pop3.server import Server, too_many
from shared.bus.client import AnyCall
from shared.bus.memory import MemoryBroker, MemoryBus
from shared.contracts import directory, maildrop, messages
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op
from shared.net.listener import ListenerSpec, serve_connections
from shared.net.tls import server_context
from tests.support.storage import Store, new

PASSWORD = "correct horse"
SERVED: tuple[Op[Any, Any], ...] = (
    maildrop.open, maildrop.hold, maildrop.close, messages.bodies, messages.rows,
)  # fmt: skip
FOREVER = 2**40


class Pop3Stage:
    """One running service. Its fields may be read and set from the test's thread."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.settings = Pop3Settings(
            **{"host": "127.0.0.1", "port": 0, "tls_port": 0, "mistake_delay": 0.0, **settings}
        )
        self.authority = folder / "ca.pem"
        self.port = 0
        self.refusing: dict[str, Refused | None] = {}  # operation name to what it answers instead; None for silence
        self.calls: list[str] = []
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            with suppress(trio.RunFinishedError):
                trio.from_thread.run_sync(self._draining.set, trio_token=self._token)
            self._thread.join(10)

    def fill(self, who: str, octets: list[bytes]) -> str:
        """A new account ``who`` with these messages; its address."""
        return trio.from_thread.run_sync(self._fill, who, octets, trio_token=self._token)

    def change(self, address: str) -> None:
        """Announce that the account changed."""
        event = directory.AccountChanged(self._accounts[address], address)
        trio.from_thread.run_sync(self._storage.publish, directory.account_changed, event, trio_token=self._token)

    def held(self, address: str) -> int:
        """How many messages the account has, by its counter."""
        return trio.from_thread.run_sync(self._count, address, trio_token=self._token)

    def _fill(self, who: str, octets: list[bytes]) -> str:
        address = f"{who}@example.org"
        self._accounts[address] = self._store.add_account(address)
        if octets:
            self._store.append(*map(new, octets), account=self._accounts[address])
        return address

    def _count(self, address: str) -> int:
        request = maildrop.OpenRequest(b"", "counting")
        opened = self._store.call(maildrop.open, request, account=self._accounts[address])
        self._store.call(
            maildrop.close, maildrop.Close(b"", "counting", opened.mailbox), account=self._accounts[address]
        )
        return len(opened.uids) // 4

    # --- in the thread ---

    def _run(self) -> None:
        trio.run(self._main)

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._draining = trio.Event()
        self._store = Store(self._folder)
        self._accounts: dict[str, int] = {}
        broker = MemoryBroker()
        self._storage: MemoryBus = broker.connect("storage", "1")
        self._storage.serve(directory.login, self._login)
        self._storage.serve(
            directory.scram, lambda call: call.answer(directory.ScramParameters(b"salt", 4096, "nonce"))
        )
        self._storage.serve(directory.prove, self._prove)
        self._storage.serve(directory.renew, lambda call: call.refuse(Code.GRANT_EXPIRED))
        for op in SERVED:
            self._storage.serve(op, lambda call, op=op: self._answer(op, call))  # type: ignore[misc]
        try:
            await self._serve(broker.connect("pop3", "1"))
        finally:
            self._store.close()

    async def _serve(self, bus: MemoryBus) -> None:
        house = House(self.settings, bus, structlog.get_logger())
        server = Server(house)
        server.watch_accounts()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.drain, self._draining)
            nursery.start_soon(house.watch)
            await serve_connections(
                [ListenerSpec("pop3", "127.0.0.1", 0, "starttls")],
                server.handle,
                tls=self._context(),
                draining=self._draining,
                drain_timeout=2.0,
                log=house.log,
                too_many=too_many,
                environ={},
                on_listening=self._listening,
            )
            nursery.cancel_scope.cancel()

    def _context(self) -> Any:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.authority))
        certificate, key = self._folder / "cert.pem", self._folder / "key.pem"
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        return server_context(str(certificate), str(key), ("pop3",))

    def _listening(self, addresses: Mapping[str, tuple[str, int]]) -> None:
        self.port = addresses["pop3"][1]
        self._ready.set()

    def _login(self, call: AnyCall) -> None:
        if self._interfered("directory.login", call):
            return
        request = call.request
        account = self._accounts.get(request.username)
        if account is None or request.password != PASSWORD:
            call.refuse(Code.LOGIN_FAILED)
        else:
            grant = request.username.encode()
            call.answer(directory.LoggedIn(grant, account, request.username, FOREVER))

    def _prove(self, call: AnyCall) -> None:
        """APOP alone."""
        request = call.request
        account = self._accounts.get(request.username)
        digest = md5(request.message + PASSWORD.encode(), usedforsecurity=False).hexdigest().encode()
        if account is None or request.proof != digest:
            call.refuse(Code.LOGIN_FAILED)
        else:
            login = directory.LoggedIn(request.username.encode(), account, request.username, FOREVER)
            call.answer(directory.Proved(login, b""))

    def _answer(self, op: Op[Any, Any], call: AnyCall) -> None:
        if self._interfered(op.name, call):
            return
        account = self._accounts[call.request.grant.decode()]
        try:
            call.answer(self._store.call(op, call.request, account=account))
        except Refused as refused:
            call.refuse(refused.code, refused.text, refused.data)

    def _interfered(self, name: str, call: AnyCall) -> bool:
        self.calls.append(name)
        if name not in self.refusing:
            return False
        refused = self.refusing[name]
        if refused is not None:
            call.refuse(refused.code, refused.text, refused.data)
        return True


@contextmanager
def pop3_stage(folder: Path, **settings: Any) -> Iterator[Pop3Stage]:
    stage = Pop3Stage(folder, settings)
    stage.start()
    try:
        yield stage
    finally:
        stage.stop()
