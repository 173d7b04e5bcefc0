"""The octets of a claimed letter: small ones in memory, large ones from storage's data port as they are sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from services.delivery.insistence import Insistence
from shared.bus.client import Bus
from shared.contracts import spool
from shared.contracts.spool import Fenced, Letter, LetterBody
from shared.mail.recoding import Choose, Recoder, recoded
from shared.mail.survey import Survey
from shared.net.bulk import fetch


class Content:
    """One letter's message; may be read more than once. ``choose`` gives the parts of a large one other encodings."""

    def __init__(self, body: LetterBody, size: int, *, front: bytes = b"", choose: Choose | None = None) -> None:
        self._body = body
        self._url = body.url
        self._prefix = body.octets[: body.prefix]
        self._front = front  # our own fields, before all the rest
        self._choose = choose
        octets = body.octets if choose is None else _header(recoded(body.octets, choose)) + b"\r\n"
        self._octets = front + octets  # the whole, or what begins with the header
        self.size = size

    @property
    def whole(self) -> bytes | None:
        """The message, if it is small."""
        return None if self._url else self._octets

    @property
    def header(self) -> bytes:
        """The header block, without the empty line behind it."""
        return _header(self._octets)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """A large message, piece by piece. Raises `Unavailable`."""
        if self._front:
            yield self._front
        recoder = Recoder(self._choose) if self._choose is not None else None
        if self._prefix:
            yield self._prefix if recoder is None else recoder.feed(self._prefix)
        async with aclosing(fetch(self._url)) as pieces:
            async for piece in pieces:
                yield piece if recoder is None else recoder.feed(piece)
        if recoder is not None:
            yield recoder.finish()

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
        if not self._url:
            return Content(LetterBody(fields + self._octets), self.size + len(fields))
        return Content(self._body, self.size + len(fields), front=fields + self._front, choose=self._choose)

    @property
    def may_be_binary(self) -> bool:
        """Whether a part may say that it is binary."""
        octets = self._octets
        if self._url:
            return self._body.binary
        return b"binary" in octets or b"Binary" in octets or b"BINARY" in octets

    async def survey(self) -> Survey:
        """What it asks of its way; a large message is read through for it. Raises `Unavailable`."""
        survey = Survey()
        if self._url:
            async with aclosing(self.pieces()) as pieces:
                async for piece in pieces:
                    survey.feed(piece)
        else:
            survey.feed(self._octets)
        survey.finish()
        return survey

    def recoded(self, choose: Choose) -> Content:
        """The same message with other encodings; it has no fields of ours in front yet."""
        if self._url:
            return Content(self._body, self.size, choose=choose)
        octets = recoded(self._octets, choose)
        return Content(LetterBody(octets), len(octets))


def _header(octets: bytes) -> bytes:
    if octets[:2] == b"\r\n":
        return b""
    end = octets.find(b"\r\n\r\n")
    return octets if end < 0 else octets[: end + 2]


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
