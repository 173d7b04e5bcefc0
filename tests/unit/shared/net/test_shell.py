from __future__ import annotations

import socket
import ssl
from math import inf

import pytest
import trio

from shared.net import shell
from shared.net.shell import Connection, PeerGone, PeerTimeout


def pair(context: ssl.SSLContext | None = None) -> tuple[Connection, trio.SocketStream]:
    """Our end and the peer's end of one connection."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    return Connection(ours, context=context, handshake_timeout=1), trio.SocketStream(
        trio.socket.from_stdlib_socket(theirs)
    )


async def handshake(
    connection: Connection, stream: trio.SocketStream, client: ssl.SSLContext
) -> trio.SSLStream[trio.SocketStream]:
    secure = trio.SSLStream(stream, client, server_hostname="localhost")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.start_tls)
        nursery.start_soon(secure.do_handshake)
    return secure


async def test_octets_pass_both_ways_until_the_end() -> None:
    connection, peer = pair()
    await peer.send_all(b"EHLO\r\n")
    assert await connection.receive(1) == b"EHLO\r\n"
    await connection.send(b"250 ok\r\n")
    assert await peer.receive_some() == b"250 ok\r\n"
    await peer.aclose()
    assert await connection.receive(1) == b""
    assert await connection.receive(1) == b""
    await connection.aclose()
    await connection.aclose()


async def test_each_connection_has_an_id_of_its_own() -> None:
    ids = {pair()[0].id for _ in range(50)}
    assert len(ids) == 50


async def test_a_silent_peer_is_a_timeout(autojump_clock: trio.testing.MockClock) -> None:
    connection, _peer = pair()
    started = trio.current_time()
    with pytest.raises(PeerTimeout):
        await connection.receive(30)
    assert trio.current_time() - started == pytest.approx(30)


async def test_a_peer_that_does_not_read_is_a_timeout(autojump_clock: trio.testing.MockClock) -> None:
    connection, _peer = pair()
    with pytest.raises(PeerTimeout):
        await connection.send(bytes(16 * 1024 * 1024))
    assert trio.current_time() >= shell.WRITE_TIMEOUT


async def test_a_peer_that_left_is_gone() -> None:
    connection, peer = pair()
    await connection.send(b"unread")
    await peer.aclose()
    with pytest.raises(PeerGone):
        await connection.receive(1)
    with pytest.raises(PeerGone):
        await connection.send(b"x")


async def test_more_than_the_kernel_holds_arrives_whole_and_in_order() -> None:
    connection, peer = pair()
    data = bytes(range(256)) * 20_000
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.send, data)
        while len(received) < len(data):
            received += await peer.receive_some()
    assert received == data


async def test_two_writers_take_turns() -> None:
    connection, peer = pair()
    received = bytearray()
    size = 3_000_000
    async with trio.open_nursery() as nursery:
        for letter in (b"a", b"b", b"c"):
            nursery.start_soon(connection.send, letter * size)
        while len(received) < 3 * size:
            received += await peer.receive_some()
    runs = [received[at] for at in range(len(received)) if at == 0 or received[at] != received[at - 1]]
    assert sorted(runs) == sorted(b"abc")


async def test_closing_wakes_the_reader() -> None:
    connection, _peer = pair()

    async def close() -> None:
        await trio.testing.wait_all_tasks_blocked()
        await connection.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        with pytest.raises(PeerGone):
            await connection.receive(60)


async def test_a_cancelled_reader_stays_cancelled_and_the_octets_stay_there() -> None:
    connection, peer = pair()
    with trio.move_on_after(0.01) as scope:
        await connection.receive(60)
    assert scope.cancelled_caught
    await peer.send_all(b"later")
    assert await connection.receive(1) == b"later"


async def test_a_fast_peer_does_not_keep_others_from_running() -> None:
    ours, theirs = socket.socketpair()
    connection = Connection(ours)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        for _ in range(1_000):
            theirs.send(b"x" * 100)
            await connection.receive(1)
            await connection.send(b"y")
            theirs.recv(1)
        nursery.cancel_scope.cancel()
    assert turns >= 10


# --- TLS ---


async def test_start_tls_upgrades(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    connection, peer = pair(server)
    before = connection.can_start_tls
    secure = await handshake(connection, peer, client)
    assert connection.tls is not None
    assert connection.tls.version == "TLSv1.3"
    assert (before, connection.can_start_tls) == (True, False)
    await secure.send_all(b"secret")
    assert await connection.receive(1) == b"secret"
    await connection.send(b"kept")
    assert await secure.receive_some() == b"kept"


async def test_alpn_is_agreed_on(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    client.set_alpn_protocols(["imap"])
    connection, peer = pair(server)
    await handshake(connection, peer, client)
    assert connection.tls is not None
    assert connection.tls.alpn == "imap"


async def test_a_record_larger_than_asked_for_is_read_in_parts(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> None:
    connection, peer = pair(server)
    secure = await handshake(connection, peer, client)
    await secure.send_all(b"abcdefgh")
    assert [await connection.receive(1, 3) for _ in range(3)] == [b"abc", b"def", b"gh"]


async def test_a_peer_that_reads_slowly_under_tls_gets_everything(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> None:
    connection, peer = pair(server)
    secure = await handshake(connection, peer, client)
    data = bytes(range(256)) * 16_000
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.send, data)
        nursery.start_soon(connection.send, b"!" * 100)
        while len(received) < len(data) + 100:
            received += await secure.receive_some(5_000)
    assert received.replace(b"!" * 100, b"", 1) == data or received.endswith(b"!" * 100)


async def test_after_close_notify_nothing_is_read_as_plaintext(
    server: ssl.SSLContext, client: ssl.SSLContext
) -> None:
    connection, peer = pair(server)
    secure = trio.SSLStream(peer, client, server_hostname="localhost", https_compatible=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.start_tls)
        nursery.start_soon(secure.do_handshake)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(secure.unwrap)
        assert await connection.receive(1) == b""
        nursery.cancel_scope.cancel()
    await peer.send_all(b"MAIL FROM:<injected@example.net>\r\n")
    assert await connection.receive(1) == b""


async def test_tls_cut_without_its_close_is_gone(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    connection, peer = pair(server)
    await handshake(connection, peer, client)
    peer.socket.close()
    with pytest.raises(PeerGone):
        await connection.receive(1)


async def test_plaintext_under_tls_is_gone(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    connection, peer = pair(server)
    await handshake(connection, peer, client)
    await peer.send_all(b"NOOP\r\n" * 10)
    with pytest.raises(PeerGone):
        await connection.receive(1)


@pytest.mark.parametrize("said", [b"EHLO plain.example\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 50])
async def test_no_handshake_is_gone(server: ssl.SSLContext, said: bytes) -> None:
    connection, peer = pair(server)
    await peer.send_all(said)
    await peer.send_eof()
    with pytest.raises(PeerGone):
        await connection.start_tls()
    assert connection.tls is None
    assert await connection.receive(1) == b""


async def test_a_handshake_that_drips_is_cut_off(server: ssl.SSLContext) -> None:
    connection, peer = pair(server)

    async def drip() -> None:
        for octet in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500):
            await peer.send_all(bytes([octet]))
            await trio.sleep(0.05)

    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip)
        with pytest.raises(PeerTimeout):
            await connection.start_tls()
        nursery.cancel_scope.cancel()
    assert trio.current_time() - started < 3


async def test_octets_sent_before_the_handshake_belong_to_it(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """A command injected behind STARTTLS reaches OpenSSL, which refuses it; no room ever reads it."""
    connection, peer = pair(server)
    await peer.send_all(b"STARTTLS\r\nNOOP\r\n")
    assert await connection.receive(1, len(b"STARTTLS\r\n")) == b"STARTTLS\r\n"
    with pytest.raises(PeerGone):
        await connection.start_tls()


async def test_without_a_certificate_tls_is_not_to_be_had() -> None:
    connection, _peer = pair()
    assert not connection.can_start_tls
    with pytest.raises(RuntimeError):
        await connection.start_tls()


async def test_the_last_words_arrive_although_the_peer_had_more_to_say() -> None:
    connection, peer = pair()
    await peer.send_all(b"x" * 10_000)
    await connection.send(b"421 bye\r\n")
    await connection.aclose()
    assert await peer.receive_some() == b"421 bye\r\n"


async def test_a_reader_without_a_deadline_waits_until_cancelled_or_served() -> None:
    connection, peer = pair()
    assert not connection.arrived()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer.send_all, b"late")
        assert await connection.receive(inf) == b"late"
    await peer.send_all(b"x")
    assert connection.arrived()
    assert await connection.receive(1) == b"x"
    await peer.aclose()
    assert connection.arrived(), "the end can be received as well"
    assert await connection.receive(inf) == b""
