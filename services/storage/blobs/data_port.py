"""The data port: bodies too large for the bus, streamed over HTTP to and from those who hold a ticket.

``PUT /upload/<ticket>`` is answered with 201 once the body is on stable storage and its row is committed;
``GET /body/<ticket>`` gives a body, or the range that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import trio

from services.storage.blobs.files import Files, TooLarge, Writing
from services.storage.blobs.tickets import Direction, Ticket, Tickets
from services.storage.repositories import uploads
from services.storage.rooms import Rooms
from shared.contracts.errors import Refused
from shared.net.http import Request, Response, content_range, file_pieces

TEXT = (("Content-Type", "message/rfc822"), ("Accept-Ranges", "bytes"))


class DataPort:
    """Answers the requests of `shared.net.http`."""

    def __init__(self, files: Files, tickets: Tickets, rooms: Rooms, log: Any) -> None:
        self._files = files
        self._tickets = tickets
        self._rooms = rooms
        self._log = log

    async def answer(self, request: Request) -> Response:
        """One request. 403: no such ticket; 404: no such body; 413, 416, 507: what they say."""
        _, kind, text = (*request.target.split("/", 2), "", "")[:3]
        if kind == "upload" and request.method == "PUT":
            ticket = self._tickets.read(text, Direction.UPLOAD)
            return Response(403) if ticket is None else await self._store(ticket, request)
        if kind == "body" and request.method in ("GET", "HEAD"):
            ticket = self._tickets.read(text, Direction.DOWNLOAD)
            return Response(403) if ticket is None else await self._load(ticket, request)
        return Response(404)

    async def _store(self, ticket: Ticket, request: Request) -> Response:
        writing = await trio.to_thread.run_sync(self._files.write, ticket.subject, ticket.octets)
        try:
            return await self._receive(writing, ticket, request)
        except TooLarge:
            return Response(413)
        except OSError as error:
            self._log.error("storage.upload_failed", upload=ticket.subject, problem=str(error))
            return Response(507)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(writing.discard)

    async def _receive(self, writing: Writing, ticket: Ticket, request: Request) -> Response:
        async for piece in request.body:
            await trio.to_thread.run_sync(writing.write, piece)
        sealed = await trio.to_thread.run_sync(writing.seal)
        try:
            await self._rooms.ask(uploads.SEAL, uploads.Seal(ticket.subject, *sealed))
        except Refused as refusal:
            self._log.error("storage.upload_failed", upload=ticket.subject, problem=str(refusal))
            return Response(503)
        return Response(201)

    async def _load(self, ticket: Ticket, request: Request) -> Response:
        try:
            wanted = content_range(request.headers.get("range"), ticket.octets)
        except ValueError:
            return Response(416, headers=(("Content-Range", f"bytes */{ticket.octets}"),))
        try:
            await trio.to_thread.run_sync(self._files.size, ticket.subject)
        except OSError as error:
            self._log.error("storage.blob_missing", location=ticket.subject, problem=str(error))
            return Response(404)
        offset, length = wanted or (0, ticket.octets)
        headers: tuple[tuple[str, str], ...] = TEXT
        if wanted:
            headers += (("Content-Range", f"bytes {offset}-{offset + length - 1}/{ticket.octets}"),)
        return Response(206 if wanted else 200, self._pieces(ticket.subject, offset, length), headers, length)

    async def _pieces(self, location: str, offset: int, length: int) -> AsyncIterator[bytes]:
        descriptor = await trio.to_thread.run_sync(self._files.open, location)
        try:
            async for piece in file_pieces(descriptor, offset, length):
                yield piece
        finally:
            os.close(descriptor)
