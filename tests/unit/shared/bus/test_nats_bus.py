"""What only a real broker can do to us."""

from __future__ import annotations

import ssl
from functools import partial
from pathlib import Path

import pytest
import trio
import trustme

from shared.bus.nats import open_bus
from shared.contracts import changes, control
from shared.contracts.errors import Unavailable
from tests.support.broker import PASSWORDS, nats_server
from tests.support.relay import Relay
from tests.support.stages import LOG

CHANGE = changes.Change(1, 1, 2, 3, vanished=bytes(900_000))


@pytest.mark.parametrize("scheme", ["wss", "tls"])
async def test_the_bus_speaks_tls(tmp_path: Path, scheme: str) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    issued.private_key_pem.write_to_path(str(key))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with nats_server(tmp_path, certificate=str(certificate), key=str(key)) as server:
        port = server.websocket_port if scheme == "wss" else server.client_port
        url = f"{scheme}://127.0.0.1:{port}"
        async with (
            open_bus([url], "storage", "1", PASSWORDS["storage"], LOG, ssl_context=trusting) as storage,
            open_bus([url], "pop3", "1", PASSWORDS["pop3"], LOG, ssl_context=trusting) as pop3,
        ):
            storage.serve(control.ping, lambda call: call.answer(control.Pong("secret")))
            assert await pop3.call(control.ping, control.Ping()) == control.Pong("secret")
        async with open_bus([url], "pop3", "1", PASSWORDS["pop3"], LOG) as distrustful:
            with pytest.raises(Unavailable):
                await distrustful.call(control.ping, control.Ping(), timeout=0.5)
            assert "CERTIFICATE_VERIFY_FAILED" in distrustful.trouble


async def test_case_68_a_slow_consumer_is_cut_comes_back_and_is_told(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server, trio.open_nursery() as nursery:
        relay = Relay(server.client_port)
        await nursery.start(relay.run)
        async with (
            open_bus([server.nats], "storage", "1", PASSWORDS["storage"], LOG) as storage,
            open_bus([f"nats://127.0.0.1:{relay.port}"], "imap", "1", PASSWORDS["imap"], LOG) as imap,
        ):
            gap = trio.Event()
            last = trio.Event()
            heard: list[int] = []

            def on_change(change: changes.Change) -> None:
                heard.append(change.modseq)
                if change.modseq == 99:
                    last.set()

            imap.subscribe(changes.mailbox_changed, on_change, key=1, on_gap=gap.set)
            await storage.wait_connected()
            await imap.wait_connected()
            await imap.flush()
            relay.hold()
            for _ in range(40):
                storage.publish(changes.mailbox_changed, CHANGE, key=1)
                await storage.flush()
            with trio.fail_after(10):
                await server.wait_log("Slow Consumer")
                relay.release()
                await gap.wait()
                storage.publish(changes.mailbox_changed, changes.Change(1, 2, 99, 3), key=1)
                await last.wait()
            assert imap.reconnects == 1
            assert len(heard) < 40
        nursery.cancel_scope.cancel()


async def test_a_dead_url_is_passed_over(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        urls = ["ws://127.0.0.1:1", "nats://127.0.0.1:1", server.nats]
        async with open_bus(urls, "pop3", "1", PASSWORDS["pop3"], LOG) as bus:
            with trio.fail_after(5):
                await bus.wait_connected()


@pytest.mark.parametrize("scheme", ["ws", "wss", "nats", "tls"])
async def test_a_connection_that_comes_to_nothing_is_closed(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr("shared.bus.nats.CONNECT_TIMEOUT", 0.2)
    ended = trio.Event()

    async def say_nothing(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass
        ended.set()

    (listener,) = await nursery.start(partial(trio.serve_tcp, say_nothing, 0, host="127.0.0.1"))
    port = listener.socket.getsockname()[1]
    async with open_bus([f"{scheme}://127.0.0.1:{port}"], "pop3", "1", PASSWORDS["pop3"], LOG):
        with trio.fail_after(60):
            await ended.wait()
    nursery.cancel_scope.cancel()


async def test_case_68_a_silent_broker_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that takes our octets and says nothing any more: the partition that no reset announces."""
    monkeypatch.setattr("shared.bus.connection.PING_EVERY", 0.1)
    async with nats_server(tmp_path) as server, trio.open_nursery() as nursery:
        relay = Relay(server.client_port)
        await nursery.start(relay.run)
        async with open_bus([f"nats://127.0.0.1:{relay.port}"], "pop3", "1", PASSWORDS["pop3"], LOG) as bus:
            with trio.fail_after(5):
                await bus.wait_connected()
                relay.hold()
                await bus.wait_disconnected()
                relay.release()
                await bus.wait_connected()
        nursery.cancel_scope.cancel()
