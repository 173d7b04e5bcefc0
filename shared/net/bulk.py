"""Bodies too large for the bus, between a front and storage's data port (see `shared.contracts.blobs`).

Memory is bounded by the size of a piece, whatever the size of the body: TCP's own back-pressure makes the sender
wait. All trouble shows as `shared.contracts.errors.Unavailable`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from types import TracebackType

from shared.net.http_client import Exchange, HttpClient

_CLIENT = HttpClient()  # one pool for the process: all fronts talk to the same few data ports


class BulkSender:
    """One upload: `send` its octets in order, then `finish`. Left unfinished, storage forgets what it got.

    Connects at the first use. As an async context manager it closes itself.
    """

    def __init__(self, url: str, client: HttpClient = _CLIENT) -> None:
        self._url = url
        self._client = client
        self._exchange: Exchange | None = None
        self._closed = False
        self.sent = 0  # octets

    async def send(self, chunk: bytes | bytearray | memoryview) -> None:
        """Send some octets; waits while the network or storage is slower."""
        if chunk:
            await (await self._open()).send(chunk)
            self.sent += len(chunk)

    async def finish(self) -> None:
        """End the upload; returns once its octets are on stable storage."""
        await (await self._open()).finish()
        await self.aclose()

    async def aclose(self) -> None:
        """Give the upload up, unless it is finished."""
        self._closed = True
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            await exchange.aclose()

    async def _open(self) -> Exchange:
        if self._closed:
            raise RuntimeError("the upload has ended")
        if self._exchange is None:
            self._exchange = await self._client.begin("PUT", self._url, [("Transfer-Encoding", "chunked")])
        return self._exchange

    async def __aenter__(self) -> BulkSender:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


async def fetch(
    url: str, offset: int = 0, length: int | None = None, client: HttpClient = _CLIENT
) -> AsyncGenerator[bytes, None]:
    """The octets of ``url`` from ``offset`` on, at most ``length``, in pieces up to 256 KiB.

    Iterate to the end, or close the iterator (`contextlib.aclosing`).
    """
    async with client.get(url, offset, length) as pieces:
        async for piece in pieces:
            yield piece
