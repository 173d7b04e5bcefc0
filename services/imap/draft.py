"""A message while it is put together: held while it is small, on its way to storage once it is not."""

from __future__ import annotations

import re

from services.imap.context import AccountContext
from services.imap.errors import No
from shared.contracts import blobs
from shared.contracts.blobs import INLINE, Body, UploadRequest
from shared.contracts.messages import New
from shared.mail.recoding import Recoder, binary_to_base64
from shared.mail.summary import Summary, SummaryScanner
from shared.net.bulk import BulkSender
from shared.protocols.imap.syntax.append import Message

_EIGHT_BIT = re.compile(rb"[\x80-\xff]")


class Draft:
    """One message of an APPEND. ``room``: octets up to which it may be held.

    To be closed in any case; what was not finished is forgotten by storage.
    """

    def __init__(self, context: AccountContext, message: Message, room: int = INLINE) -> None:
        self._context = context
        self._message = message
        self._room = min(room, INLINE)
        self._held: list[bytes] = []
        self._size = 0
        self._eight_bit_at: int | None = None  # the first octet that is not ASCII, where that matters
        self._scanner = SummaryScanner()
        self._converter = Recoder(binary_to_base64) if message.binary else None
        self._sender: BulkSender | None = None
        self._upload = ""

    async def expect(self, octets: int) -> None:
        """Find a place for so many more octets before they come. Raises as `add`."""
        if self._size + octets > self._room:
            await self._open()

    async def add(self, octets: bytes) -> None:
        """Put octets behind what is there. Raises `No` (TOOBIG), and what storage raises."""
        await self._keep(octets if self._converter is None else self._converter.feed(octets))

    async def finish(self) -> New:
        """The message, on stable storage when it was too large to be held."""
        if self._converter is not None:
            await self._keep(self._converter.finish())
        summary = self._scanner.finish()
        if not summary.size:
            raise No("An empty message cannot be kept", "CANNOT")
        if self._eight_bit_at is not None and self._eight_bit_at < summary.header_size:
            raise eight_bit()
        if self._sender is None:
            return new(self._message, Body(b"".join(self._held)), summary)
        await self._sender.finish()
        return new(self._message, Body(b"", self._upload), summary)

    async def aclose(self) -> None:
        """Let go of it."""
        if self._sender is not None:
            await self._sender.aclose()

    async def _keep(self, octets: bytes) -> None:
        self._size += len(octets)
        if self._size > self._context.settings.message_limit:
            raise No("Message too large", "TOOBIG")
        self._look(octets)
        self._scanner.feed(octets)
        if self._sender is None:
            self._held.append(octets)
            if self._size <= self._room:
                return
            octets = b""
        await self._send(octets)

    def _look(self, octets: bytes) -> None:
        """Note where the first octet of 8 bits stands, among those that were just counted."""
        if self._eight_bit_at is None and not self._context.dialect.utf8 and not octets.isascii():
            found = _EIGHT_BIT.search(octets)
            assert found is not None
            self._eight_bit_at = self._size - len(octets) + found.start()

    async def _send(self, octets: bytes) -> None:
        """Send what is held, and then ``octets``."""
        sender = await self._open()
        held, self._held = self._held, []
        for piece in (*held, octets):
            await sender.send(piece)

    async def _open(self) -> BulkSender:
        if self._sender is None:
            ticket = await self._context.call(blobs.upload, UploadRequest(self._context.settings.message_limit))
            self._upload, self._sender = ticket.upload, BulkSender(ticket.url)
        return self._sender


def eight_bit() -> No:
    """Whoever has not said that it knows such messages shall not make them (RFC 6855 section 4)."""
    return No("A header with other than ASCII needs ENABLE UTF8=ACCEPT", "CANNOT")


def new(message: Message, body: Body, summary: Summary) -> New:
    """What storage is asked to keep."""
    return New(body, summary, tuple(flag for flag in message.flags if flag != "\\Recent"), message.date)
