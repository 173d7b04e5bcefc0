"""The data port: bodies too large for the bus, streamed over HTTP to and from those who hold a ticket.

``PUT /upload/<ticket>`` is answered with 201 once the body is on stable storage and its row is committed;
``GET /body/<ticket>`` gives a body, or the range that is asked for; ``GET /snapshot/<ticket>`` all tables.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

import trio

from services.storage.blobs.store import BlobStore, Lost
from services.storage.blobs.tickets import Direction, Ticket, Tickets
from services.storage.blobs.writing import TooLarge, Writing
from services.storage.repositories import uploads
from services.storage.rooms import Rooms
from shared.contracts.errors import Refused, Unavailable
from shared.net.http import PIECE, Request, Response, content_range
from shared.observe.log import Log

TEXT = (("Content-Type", "message/rfc822"), ("Accept-Ranges", "bytes"))
PACKED = (("Content-Type", "application/x-msgpack"),)


class DataPort:
    """Answers the requests of `shared.net.http`."""

    def __init__(
        self, blobs: BlobStore, tickets: Tickets, rooms: Rooms, snapshot: Callable[[], AsyncIterator[bytes]], log: Log
    ) -> None:
        self._blobs = blobs
        self._tickets = tickets
        self._rooms = rooms
        self._snapshot = snapshot
        self._log = log
        self._in_thread = partial(trio.to_thread.run_sync, limiter=blobs.limiter)

    async def answer(self, request: Request) -> Response:
        """One request. 403: no such ticket; 404: no such body; 413, 416, 507: what they say; 503: try again."""
        _, kind, text = (*request.target.split("/", 2), "", "")[:3]
        if kind == "upload" and request.method == "PUT":
            ticket = self._tickets.read(text, Direction.UPLOAD)
            return Response(403) if ticket is None else await self._store(ticket, request)
        if kind == "body" and request.method in ("GET", "HEAD"):
            ticket = self._tickets.read(text, Direction.DOWNLOAD)
            return Response(403) if ticket is None else await self._load(ticket, request)
        if kind == "snapshot" and request.method == "GET":
            ticket = self._tickets.read(text, Direction.SNAPSHOT)
            return Response(403) if ticket is None else Response(200, self._snapshot(), PACKED)
        return Response(404)

    async def _store(self, ticket: Ticket, request: Request) -> Response:
        writing = await trio.to_thread.run_sync(self._blobs.write, ticket.subject, ticket.octets)
        try:
            async for piece in request.body:
                await trio.to_thread.run_sync(writing.write, piece)
            await self._seal(ticket.subject, writing)
        except TooLarge:
            return Response(413)
        except OSError as error:
            self._log.error("storage.upload_failed", upload=ticket.subject, reason=str(error))
            return Response(507)
        except (Refused, Unavailable) as error:
            self._log.error("storage.upload_failed", upload=ticket.subject, reason=str(error))
            return Response(503)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(writing.discard)
        return Response(201)

    async def _seal(self, upload: str, writing: Writing) -> None:
        """Body first, row second. Where writing is dear, the row may name what is stored already."""
        if self._blobs.shares:
            same = uploads.Adopt(upload, writing.hash, writing.size, writing.header)
            if (await self._rooms.ask(uploads.ADOPT, same)).adopted:
                return
        sealed = await self._in_thread(writing.seal)
        await self._rooms.ask(uploads.SEAL, uploads.Seal(upload, *sealed))

    async def _load(self, ticket: Ticket, request: Request) -> Response:
        try:
            wanted = content_range(request.headers.get("range"), ticket.octets)
        except ValueError:
            return Response(416, headers=(("Content-Range", f"bytes */{ticket.octets}"),))
        offset, length = wanted or (0, ticket.octets)
        end = offset + length
        try:
            first = await self._in_thread(self._blobs.read, ticket.subject, offset, self._step(offset, end))
        except Lost as error:
            self._log.error("storage.blob_missing", location=ticket.subject, reason=str(error))
            return Response(404)
        except Unavailable:
            return Response(503)
        headers: tuple[tuple[str, str], ...] = TEXT
        if wanted:
            headers += (("Content-Range", f"bytes {offset}-{end - 1}/{ticket.octets}"),)
        pieces = self._pieces(ticket.subject, first, offset + len(first), end)
        return Response(206 if wanted else 200, pieces, headers, length)

    async def _pieces(self, location: str, first: bytes, start: int, end: int) -> AsyncIterator[bytes]:
        """``first``, then what lies from ``start`` to ``end``."""
        for at in range(0, len(first), PIECE):
            yield first[at : at + PIECE]
        if start >= end:
            return
        reading = await self._in_thread(self._blobs.open, location)
        try:
            while start < end:
                octets = await self._in_thread(reading.read, start, self._step(start, end))
                start += len(octets)
                for at in range(0, len(octets), PIECE):
                    yield octets[at : at + PIECE]
        finally:
            reading.close()

    def _step(self, start: int, end: int) -> int:
        """Where a read from ``start`` on ends: at a multiple of what one read is worth."""
        step = self._blobs.step
        return min(end, (start // step + 1) * step)
