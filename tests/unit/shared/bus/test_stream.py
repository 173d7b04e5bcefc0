"""The stream below the bus, over a pair of sockets."""

from __future__ import annotations

import socket

import pytest
import trio

from shared.bus.stream import DirectStream, open_stream
from shared.bus.transport import TransportLost

MUCH = bytes(range(256)) * 8_192  # more than the kernel buffers


def pair() -> tuple[DirectStream, DirectStream]:
    ours, theirs = socket.socketpair()
    return DirectStream(ours), DirectStream(theirs)


async def test_all_octets_arrive_in_order_however_slowly_they_are_read() -> None:
    left, right = pair()
    received = bytearray()

    async def read() -> None:
        while len(received) < len(MUCH):
            received.extend(await right.receive_some(50_000))

    async with left, right, trio.open_nursery() as nursery:
        nursery.start_soon(left.send_all, MUCH)
        nursery.start_soon(read)
    assert received == MUCH


async def test_the_end_of_the_stream_is_empty() -> None:
    left, right = pair()
    async with right:
        await left.send_all(b"last words")
        await left.aclose()
        assert await right.receive_some() == b"last words"
        assert await right.receive_some() == b""


async def test_a_peer_that_has_gone_breaks_what_is_sent() -> None:
    left, right = pair()
    await right.aclose()
    async with left:
        with pytest.raises(trio.BrokenResourceError):
            await left.send_all(MUCH)


async def test_closing_wakes_who_reads_and_who_writes() -> None:
    left, right = pair()

    async def expect_closed(wait: object) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await wait  # type: ignore[misc]

    async with right, trio.open_nursery() as nursery:
        nursery.start_soon(expect_closed, left.receive_some())
        nursery.start_soon(expect_closed, left.send_all(MUCH))
        await trio.testing.wait_all_tasks_blocked()
        await left.aclose()


async def test_what_is_closed_stays_closed() -> None:
    left, right = pair()
    await left.aclose()
    await left.aclose()
    for wait in (left.receive_some(), left.send_all(b"x"), left.wait_send_all_might_not_block()):
        with pytest.raises(trio.ClosedResourceError):
            await wait
    await right.aclose()


async def test_who_reaches_nobody_is_told_so() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(TransportLost, match=r"127\.0\.0\.1"):
            await open_stream("127.0.0.1", nobody.getsockname()[1])
