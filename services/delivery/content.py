"""The octets of a claimed letter: small ones in memory, large ones from storage's data port as they are sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from services.delivery.insistence import Insistence
from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.spool import Fenced, Letter, LetterBody
from shared.net.bulk import fetch


class Content:
    """One letter's message; may be read more than once."""

    def __init__(self, body: LetterBody, size: int) -> None:
        self._url = body.url
        self._octets = body.octets
        self._prefix = body.octets[: body.prefix]
        self.size = size

    @property
    def whole(self) -> bytes | None:
        """The message, if it is small."""
        return None if self._url else self._octets

    @property
    def header(self) -> bytes:
        """The header block, without the empty line behind it."""
        if self._octets[:2] == b"\r\n":
            return b""
        end = self._octets.find(b"\r\n\r\n")
        return self._octets if end < 0 else self._octets[: end + 2]

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """A large message, piece by piece. Raises `Unavailable`."""
        if self._prefix:
            yield self._prefix
        async with aclosing(fetch(self._url)) as pieces:
            async for piece in pieces:
                yield piece

    async def feed_body(self, take: Callable[[bytes], None]) -> None:
        """Give ``take`` the body, piece by piece. Raises `Unavailable`."""
        skip = len(self.header) + 2  # with the empty line
        if not self._url:
            take(self._octets[skip:])
            return
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                take(piece[skip:])
                skip = max(0, skip - len(piece))

    def behind(self, fields: bytes) -> Content:
        """The same message with ``fields``, whole header lines, in front."""
        prefix = len(fields) + len(self._prefix) if self._url else 0
        return Content(LetterBody(fields + self._octets, self._url, prefix), self.size + len(fields))

    async def is_eight_bit(self) -> bool:
        """Whether there is an octet above 127; a large message is read through for it."""
        if not self._octets.isascii():
            return True
        if self._url:
            async with aclosing(self.pieces()) as pieces:
                async for piece in pieces:
                    if not piece.isascii():
                        return True
        return False


class Contents:
    """Where letters' messages are read."""

    def __init__(self, bus: Bus, insistence: Insistence) -> None:
        self._bus = bus
        self._insistence = insistence

    async def read(self, letter: Letter) -> Content:
        """The message of a letter that we hold. Raises `Refused`, `Unavailable`."""
        if letter.body is not None:
            return Content(letter.body, letter.size)
        fenced = Fenced(letter.id, letter.fence)
        body = await self._insistence.ask([letter], lambda: self._bus.call(spool.body, fenced))
        return Content(body, letter.size)
