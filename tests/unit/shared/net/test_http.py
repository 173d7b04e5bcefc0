from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

import h11
import pytest
import structlog
import trio
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.errors import Unavailable
from shared.net.bulk import BulkSender, fetch
from shared.net.http import (
    PIECE,
    Request,
    RequestHandler,
    Response,
    answer_requests,
    content_range,
    serve_http,
)
from shared.net.http_client import HttpClient
from shared.net.limits import ConnectionLimits
from shared.net.listener import ListenerSpec
from tests.unit.shared.net.serving import read_all, serving

BODY = bytes(range(256)) * 4_000  # four pieces


class Port:
    """A data port that stores one upload in memory and serves it with ranges."""

    def __init__(self) -> None:
        self.stored = b""
        self.finished = 0
        self.cut = 0
        self.started = trio.Event()

    async def handle(self, request: Request) -> Response:
        if request.method == "PUT":
            octets = bytearray()
            self.started.set()
            try:
                async for piece in request.body:
                    assert len(piece) <= PIECE
                    octets += piece
            except BaseException:
                self.cut += 1
                raise
            self.stored = bytes(octets)
            self.finished += 1
            return Response(201)
        if request.target == "/missing":
            return Response(404)
        if request.target == "/bug":
            raise KeyError("bug")
        found = content_range(request.headers.get("range"), len(self.stored))
        offset, length = found or (0, len(self.stored))
        return Response(206 if found else 200, self.pieces(offset, length), length=length)

    async def endless(self) -> AsyncIterator[bytes]:
        while True:
            yield BODY

    async def pieces(self, offset: int, length: int) -> AsyncIterator[bytes]:
        for at in range(offset, offset + length, PIECE):
            yield self.stored[at : min(at + PIECE, offset + length)]


@asynccontextmanager
async def data_port(handler: RequestHandler, drain_timeout: float = 0) -> AsyncIterator[str]:
    """The URL of ``handler`` behind a port."""
    listening, draining = trio.Event(), trio.Event()
    url = ""

    def note(addresses: object) -> None:
        nonlocal url
        assert isinstance(addresses, dict)
        url = f"http://127.0.0.1:{addresses['data'][1]}"
        listening.set()

    async def serve() -> None:
        await serve_http(
            [ListenerSpec("data", "127.0.0.1", 0, "none")],
            handler,
            draining=draining,
            drain_timeout=drain_timeout,
            log=structlog.testing.CapturingLogger(),
            idle_timeout=5,
            on_listening=note,
        )

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await listening.wait()
        yield url
        draining.set()


async def read(url: str, offset: int = 0, length: int | None = None, client: HttpClient | None = None) -> bytes:
    async with aclosing(fetch(url, offset, length, client or HttpClient())) as pieces:
        return b"".join([piece async for piece in pieces])


async def test_an_upload_comes_back_whole_and_by_range() -> None:
    port, client = Port(), HttpClient()
    async with data_port(port.handle) as url:
        async with BulkSender(f"{url}/u?ticket=x", client) as sender:
            for at in range(0, len(BODY), 100_000):
                await sender.send(memoryview(BODY)[at : at + 100_000])
            await sender.finish()
        assert sender.sent == len(BODY)
        assert port.stored == BODY
        assert await read(f"{url}/u", client=client) == BODY
        assert await read(f"{url}/u", 300_000, 5, client=client) == BODY[300_000:300_005]
        assert await read(f"{url}/u", len(BODY) - 3, client=client) == BODY[-3:]
        await client.aclose()


async def test_connections_are_kept_for_the_next_request() -> None:
    port, client = Port(), HttpClient()
    opened = 0

    async def count(connection: object, spec: ListenerSpec) -> None:
        nonlocal opened
        opened += 1
        await answer_requests(connection, port.handle, 5)  # type: ignore[arg-type]

    async with serving(count, drain_timeout=0) as served:
        url = f"http://127.0.0.1:{served.port}"
        for _ in range(5):
            async with BulkSender(url, client) as sender:
                await sender.send(b"abc")
                await sender.finish()
            assert await read(url, 1, client=client) == b"bc"
        assert opened == 1
        async with aclosing(fetch(url, client=client)) as pieces:
            await anext(pieces)  # and then leave: the rest must not be read by the next request
        assert await read(url, client=client) == b"abc"
        await client.aclose()


async def test_an_abandoned_upload_is_not_taken_for_a_whole_one() -> None:
    port, client = Port(), HttpClient()
    async with data_port(port.handle) as url:
        async with BulkSender(url, client) as sender:
            await sender.send(BODY)
        while not port.cut:
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert port.finished == 0
        with pytest.raises(RuntimeError):
            await sender.send(b"more")


@pytest.mark.parametrize("path", ["/missing", "/bug"])
async def test_a_status_that_is_no_success_is_unavailable(path: str) -> None:
    port = Port()
    async with data_port(port.handle) as url:
        with pytest.raises(Unavailable, match=r"404|500"):
            await read(url + path)


async def test_an_upload_that_is_refused_is_unavailable() -> None:
    async def full(request: Request) -> Response:
        return Response(413)

    async with data_port(full) as url:
        with pytest.raises(Unavailable):
            await HttpClient().put(url, Port().endless())


async def test_nobody_there_is_unavailable_and_surely_not_executed() -> None:
    listening = trio.socket.socket()
    await listening.bind(("127.0.0.1", 0))
    with pytest.raises(Unavailable) as caught:
        await read(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert caught.value.executed is False
    with pytest.raises(Unavailable):
        await read("ftp://127.0.0.1/")


async def test_a_request_that_cannot_be_said_leaves_no_connection_open() -> None:
    listening = trio.socket.socket()
    await listening.bind(("127.0.0.1", 0))
    listening.listen(1)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    with pytest.raises(h11.LocalProtocolError) as caught:
        await HttpClient().begin("PUT", url, [("X", " x")])
    accepted, _ = await listening.accept()
    with trio.fail_after(60):
        assert await accepted.recv(1) == b""
    assert caught.value.__traceback__ is not None  # what the error holds on to was not what closed it


async def test_a_download_that_breaks_off_is_unavailable() -> None:
    async def broken(request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"half"
            raise OSError("disk")

        return Response(200, pieces(), length=8)

    async with data_port(broken) as url:
        with pytest.raises(Unavailable):
            await read(url)


async def test_requests_in_one_segment_are_answered_in_order() -> None:
    async def say(request: Request) -> Response:
        return Response(200, request.target.encode())

    async with data_port(say) as url:
        stream = await trio.open_tcp_stream("127.0.0.1", int(url.rsplit(":", 1)[1]))
        await stream.send_all(
            b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answer = await read_all(stream)
        assert answer.count(b"HTTP/1.1 200") == 3
        assert answer.index(b"/a") < answer.index(b"/c")
        assert b"/b" not in answer


@pytest.mark.parametrize(
    "said", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_request_is_refused(said: bytes) -> None:
    async with data_port(Port().handle) as url:
        stream = await trio.open_tcp_stream("127.0.0.1", int(url.rsplit(":", 1)[1]))
        await stream.send_all(said)
        assert (await read_all(stream)).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


async def test_continue_is_said_to_who_waits_for_it() -> None:
    port = Port()
    async with data_port(port.handle) as url:
        stream = await trio.open_tcp_stream("127.0.0.1", int(url.rsplit(":", 1)[1]))
        await stream.send_all(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"abc")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 201")
        assert port.stored == b"abc"


async def test_a_body_cut_short_reaches_the_handler_as_an_error() -> None:
    port = Port()
    async with serving(
        lambda connection, spec: answer_requests(connection, port.handle, 5), drain_timeout=0
    ) as served:
        stream = await served.connect()
        await stream.send_all(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc")
        await stream.send_eof()
        await read_all(stream)
        assert (port.cut, port.finished) == (1, 0)
        assert "connection.bug" not in served.events()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-500", (90, 10)),
        ("bytes=-5", (95, 5)),
        ("bytes=-500", (0, 100)),
        ("bytes=0-1,3-4", None),
        ("bytes=x-", None),
        ("lines=0-1", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert content_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=5-4", "bytes=-0"])
def test_ranges_outside_the_body(header: str) -> None:
    with pytest.raises(ValueError, match="range"):
        content_range(header, 100)


@given(st.text(max_size=20).map(lambda text: f"bytes={text}"), st.integers(0, 1000))
def test_any_range_lies_within_the_body(header: str, size: int) -> None:
    try:
        found = content_range(header, size)
    except ValueError:
        return
    if found is not None:
        offset, length = found
        assert 0 <= offset < offset + length <= size


async def test_a_drain_does_not_wait_for_connections_without_a_request() -> None:
    port, client = Port(), HttpClient()
    with trio.fail_after(4):
        async with data_port(port.handle, drain_timeout=60) as url, BulkSender(url, client) as sender:
            await sender.send(b"abc")
            await sender.finish()  # and the connection is kept by both sides
    with pytest.raises(Unavailable):
        await read(url, client=client)


async def test_a_drain_waits_for_the_request_in_hand() -> None:
    port = Port()
    async with trio.open_nursery() as nursery, data_port(port.handle, drain_timeout=60) as url:
        number = int(url.rsplit(":", 1)[1])
        stream = await trio.open_tcp_stream("127.0.0.1", number)
        await stream.send_all(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
        await port.started.wait()
        nursery.start_soon(finish_when_closed, number, stream)
    assert port.stored == b"abcdef"


async def finish_when_closed(number: int, stream: trio.SocketStream) -> None:
    """Send the rest of the upload once the port takes no more connections."""
    with suppress(OSError):
        while True:
            await (await trio.open_tcp_stream("127.0.0.1", number)).aclose()
    await stream.send_all(b"def")
    assert b"201" in await read_all(stream)


async def test_limits_of_the_port_hold() -> None:
    limits = ConnectionLimits(connections_per_address=1)
    async with serving(
        lambda connection, spec: answer_requests(connection, Port().handle, 5),
        limits=limits,
        drain_timeout=0,
    ) as served:
        first = await served.connect()
        await first.send_all(b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await first.receive_some()
        second = await served.connect()
        assert await read_all(second) == b"421 too many\r\n"
