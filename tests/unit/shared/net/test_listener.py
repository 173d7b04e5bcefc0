from __future__ import annotations

import socket
import ssl

import pytest
import structlog
import trio

from shared.base.errors import ConfigurationError, StartError
from shared.net.limits import ConnectionLimits
from shared.net.listener import ListenerSpec, open_listeners, serve_connections
from shared.net.shell import Connection, PeerGone
from shared.net.sockets import bind
from tests.unit.shared.net.serving import read_all, reset, serving


async def echo(connection: Connection, spec: ListenerSpec) -> None:
    await connection.send(b"220 hello\r\n")
    while data := await connection.receive(60):
        await connection.send(data)


async def greeting(stream: trio.SocketStream) -> bytes:
    return bytes(await stream.receive_some())


async def test_a_handler_gets_a_connection_that_knows_its_peer() -> None:
    seen: list[Connection] = []

    async def note(connection: Connection, spec: ListenerSpec) -> None:
        seen.append(connection)

    async with serving(note) as served:
        peer = await served.connect()
        assert await read_all(peer) == b""
        (connection,) = seen
        assert (connection.peer_host, connection.peer_port) == peer.socket.getsockname()
        assert connection.local_port == served.port
        assert connection.loopback
        assert not connection.can_start_tls


async def test_one_connection_that_breaks_leaves_the_others_alone() -> None:
    async def fragile(connection: Connection, spec: ListenerSpec) -> None:
        while data := await connection.receive(60):
            if data == b"bug":
                raise KeyError("bug")
            await connection.send(data)

    async with serving(fragile) as served:
        good, bad = await served.connect(), await served.connect()
        await bad.send_all(b"bug")
        assert await read_all(bad) == b""
        await good.send_all(b"still there")
        assert await good.receive_some() == b"still there"
        logged = served.logged("connection.bug")
        assert isinstance(logged["exc_info"], KeyError)
        assert logged["remote_ip"] == "127.0.0.1"
        assert "failed" in served.counts.events
        await good.aclose()


@pytest.mark.parametrize(("error", "logged"), [(PeerGone("left"), False), (KeyError("bug"), True)])
async def test_what_a_nursery_of_a_handler_raises_is_told_apart(error: Exception, logged: bool) -> None:
    async def split(connection: Connection, spec: ListenerSpec) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise error

    async with serving(split) as served:
        assert await read_all(await served.connect()) == b""
        assert ("connection.bug" in served.events()) == logged


async def test_a_bug_at_the_moment_of_the_cut_does_not_escape() -> None:
    async def stubborn(connection: Connection, spec: ListenerSpec) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("while being cancelled")

    async with serving(stubborn, drain_timeout=0) as served:
        peer = await served.connect()
        await trio.testing.wait_all_tasks_blocked(0.02)
        served.draining.set()
        assert await read_all(peer) == b""
    assert "connection.bug" in served.events()


async def test_a_peer_that_resets_is_no_bug() -> None:
    async with serving(echo) as served:
        peer = await served.connect()
        await greeting(peer)
        reset(peer)
        other = await served.connect()
        assert await greeting(other) == b"220 hello\r\n"
        await other.aclose()
    assert served.counts.now == 0
    assert "connection.bug" not in served.events()


# --- limits ---


async def test_the_cap_of_an_address_spares_other_addresses() -> None:
    async with serving(echo, limits=ConnectionLimits(connections_per_address=3)) as served:
        peers = [await served.connect() for _ in range(3)]
        for peer in peers:
            assert await greeting(peer) == b"220 hello\r\n"
        for _ in range(20):
            assert await read_all(await served.connect()) == b"421 too many\r\n"
        stranger = await served.connect("127.0.0.2")
        assert await greeting(stranger) == b"220 hello\r\n"
        await peers.pop().aclose()
        while served.counts.now > 3:
            await trio.testing.wait_all_tasks_blocked(0.01)
        again = await served.connect()
        assert await greeting(again) == b"220 hello\r\n"
        for peer in (*peers, stranger, again):
            await peer.aclose()
    assert served.counts.now == 0


async def test_the_cap_of_the_process_holds() -> None:
    async with serving(echo, limits=ConnectionLimits(connections=2)) as served:
        peers = [await served.connect(), await served.connect()]
        for peer in peers:
            await greeting(peer)
        assert await read_all(await served.connect("127.0.0.2")) == b"421 too many\r\n"
        for peer in peers:
            await peer.aclose()


# --- TLS ---


async def test_implicit_tls_stands_before_the_handler(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    async with serving(echo, mode="implicit", context=server) as served:
        secure = trio.SSLStream(await served.connect(), client, server_hostname="localhost")
        assert await secure.receive_some() == b"220 hello\r\n"
        await secure.send_all(b"over tls")
        assert await secure.receive_some() == b"over tls"
        await secure.aclose()


async def test_a_handshake_that_never_comes_frees_its_slot(server: ssl.SSLContext) -> None:
    limits = ConnectionLimits(connections_per_address=1, handshake_timeout=0.2)
    async with serving(echo, mode="implicit", context=server, limits=limits) as served:
        silent = await served.connect()
        with trio.fail_after(5):
            assert await read_all(silent) == b""
        assert served.counts.now == 0
        assert served.events() == ["connection.broken"]


async def test_refused_connections_of_a_tls_port_get_no_plaintext(server: ssl.SSLContext) -> None:
    limits = ConnectionLimits(connections_per_address=1)
    async with serving(echo, mode="implicit", context=server, limits=limits) as served:
        first = await served.connect()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert await read_all(await served.connect()) == b""
        await first.aclose()


async def test_starttls_listeners_offer_it(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    async def upgrade(connection: Connection, spec: ListenerSpec) -> None:
        assert connection.can_start_tls
        await connection.receive(1)
        await connection.send(b"220 go\r\n")
        await connection.start_tls()
        await connection.send(b"secret")

    async with serving(upgrade, mode="starttls", context=server) as served:
        peer = await served.connect()
        await peer.send_all(b"STARTTLS\r\n")
        assert await peer.receive_some() == b"220 go\r\n"
        secure = trio.SSLStream(peer, client, server_hostname="localhost")
        assert await secure.receive_some() == b"secret"
        await secure.aclose()


async def test_implicit_tls_needs_a_certificate() -> None:
    with pytest.raises(ConfigurationError, match="imaps"):
        await serve_connections(
            [ListenerSpec("imaps", "127.0.0.1", 0, "implicit")],
            echo,
            tls=None,
            draining=trio.Event(),
            drain_timeout=0,
            log=structlog.testing.CapturingLogger(),
        )


# --- PROXY protocol ---


async def told(connection: Connection, spec: ListenerSpec) -> None:
    data = await connection.receive(5)
    await connection.send(f"{connection.peer_host} {connection.peer_port} ".encode() + data)


async def test_a_trusted_balancer_is_believed_and_its_header_never_reaches_the_protocol() -> None:
    async with serving(told, proxy=("127.0.0.0/8",)) as served:
        peer = await served.connect()
        await peer.send_all(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\nEHLO x\r\n")
        assert await read_all(peer) == b"192.0.2.7 4711 EHLO x\r\n"


async def test_a_header_in_single_octets_is_read_as_well() -> None:
    async with serving(told, proxy=("127.0.0.0/8",)) as served:
        peer = await served.connect()
        for octet in b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 25\r\n":
            await peer.send_all(bytes([octet]))
        await peer.send_all(b"EHLO x\r\n")
        assert await read_all(peer) == b"2001:db8::7 4711 EHLO x\r\n"


async def test_caps_count_the_true_address() -> None:
    async with serving(echo, proxy=("127.0.0.0/8",), limits=ConnectionLimits(connections_per_address=1)) as served:
        peers = []
        for number in (1, 2):
            peer = await served.connect()
            await peer.send_all(b"PROXY TCP4 192.0.2.%d 198.51.100.1 1 25\r\n" % number)
            assert await greeting(peer) == b"220 hello\r\n"
            peers.append(peer)
        peer = await served.connect()
        await peer.send_all(b"PROXY TCP4 192.0.2.1 198.51.100.1 1 25\r\n")
        assert await read_all(peer) == b"421 too many\r\n"
        for peer in peers:
            await peer.aclose()


async def test_case_72_an_untrusted_peer_is_closed_unheard() -> None:
    async with serving(told, proxy=("10.0.0.0/8",)) as served:
        peer = await served.connect()
        assert await read_all(peer) == b""
        assert served.counts.events == ["refused"]


@pytest.mark.parametrize("said", [b"EHLO no.header.example\r\n", b"PROXY TCP4 x y z\r\n" + b"x" * 20, b"PROXY"])
async def test_case_72_a_malformed_or_missing_header_closes(said: bytes) -> None:
    async with serving(told, proxy=("127.0.0.0/8",), limits=ConnectionLimits(proxy_timeout=0.2)) as served:
        peer = await served.connect()
        await peer.send_all(said)
        with trio.fail_after(5):
            assert await read_all(peer) == b""
        assert served.counts.events == []


async def test_tls_begins_behind_the_header(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    async with serving(echo, mode="implicit", context=server, proxy=("127.0.0.0/8",)) as served:
        peer = await served.connect()
        await peer.send_all(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 993\r\n")
        secure = trio.SSLStream(peer, client, server_hostname="localhost")
        assert await secure.receive_some() == b"220 hello\r\n"
        await secure.aclose()


# --- drain ---


async def test_draining_lets_the_command_in_hand_finish() -> None:
    working, finish = trio.Event(), trio.Event()

    async def slow(connection: Connection, spec: ListenerSpec) -> None:
        working.set()
        await finish.wait()
        await connection.send(b"250 stored\r\n")

    async with serving(slow) as served:
        peer = await served.connect()
        await working.wait()
        served.draining.set()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(OSError, match=r"."):
            await served.connect()
        assert not served.ended.is_set()
        finish.set()
        assert await read_all(peer) == b"250 stored\r\n"
        await served.ended.wait()
    assert "drain.cut" not in served.events()


async def test_a_session_that_does_not_end_is_cut() -> None:
    async with serving(echo, drain_timeout=0.1) as served:
        peer = await served.connect()
        await greeting(peer)
        served.draining.set()
        assert await read_all(peer) == b""
        await served.ended.wait()
    assert served.counts.now == 0
    assert "drain.cut" in served.events()


# --- sockets ---


async def test_inherited_sockets_are_shared_and_a_lost_replica_leaves_its_backlog() -> None:
    """Two listeners on one socket, as two replicas under one master."""
    shared = bind("test", "127.0.0.1", 0)
    names = []
    for _ in range(2):
        copy = shared.dup()
        copy.setblocking(False)
        names.append({"EILPOST_LISTENERS": f"other=99 test={copy.detach()}"})
    async with serving(echo, environ=names[0]) as survivor:
        async with serving(echo, environ=names[1]):
            peers = [await survivor.connect() for _ in range(20)]
            for peer in peers:
                assert await greeting(peer) == b"220 hello\r\n"
                await peer.aclose()
        late = await survivor.connect()
        assert await greeting(late) == b"220 hello\r\n"
        await late.aclose()
    shared.close()


def test_a_port_in_use_is_named_and_nothing_stays_open() -> None:
    taken = bind("first", "127.0.0.1", 0)
    port = taken.getsockname()[1]
    with pytest.raises(StartError, match=f"imap: 127.0.0.1 port {port}"):
        open_listeners([ListenerSpec("imap", "127.0.0.1", port, "none")], {})
    taken.close()


@pytest.mark.parametrize("value", ["imap", "imap=x", "=4"])
def test_a_malformed_list_of_sockets_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match="EILPOST_LISTENERS"):
        open_listeners([], {"EILPOST_LISTENERS": value})


def test_a_descriptor_that_does_not_listen_is_named() -> None:
    ours, theirs = socket.socketpair()
    with pytest.raises(StartError, match="does not listen"):
        open_listeners([ListenerSpec("imap", "127.0.0.1", 0, "none")], {"EILPOST_LISTENERS": f"imap={ours.detach()}"})
    theirs.close()


def test_senseless_listeners_are_refused() -> None:
    for host, port, mode, proxy in (
        ("::", 70000, "none", ()),
        ("::", 25, "tls", ()),
        ("::", 25, "none", ("10.0.0.1/8",)),
    ):
        with pytest.raises(ValueError, match=r"."):
            ListenerSpec("x", host, port, mode, proxy)


async def test_who_waits_in_the_backlog_at_the_drain_is_served() -> None:
    async with serving(echo) as served:
        with socket.socket() as peer:
            peer.connect(("127.0.0.1", served.port))  # no turn of the loop: nobody has accepted it yet
            served.draining.set()
            peer.setblocking(False)
            with trio.fail_after(5):
                await trio.lowlevel.wait_readable(peer)
            assert peer.recv(100) == b"220 hello\r\n"
