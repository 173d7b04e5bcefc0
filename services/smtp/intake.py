"""One message on its way in: judged when its header is complete, held while it is small, streamed when it is not.

1. Memory is bounded whatever the message's size: the header (at most its limit), then `INLINE` octets, then a chunk.
   What is known only at the end (verdicts, signatures) stands before an inline message; beside one that was streamed.
2. Once refused, octets are dropped as they come; the reply is due at the message's true end, where framing is sure.
3. The summary is of the stored message, what we put before it included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import trio

from services.smtp.policy.verdict import Unacceptable
from services.smtp.replies import TOO_LARGE, TROUBLE
from shared.bus.client import Bus
from shared.contracts import blobs
from shared.contracts.blobs import INLINE, Body, Summary, UploadRequest
from shared.contracts.errors import Refused, Unavailable
from shared.mail.recoding import Recoder
from shared.mail.summary import SummaryScanner, summarise
from shared.net.bulk import BulkSender
from shared.protocols.smtp.replies import Reply

STORED_A_SECOND = 1024 * 1024  # octets: a store that is slower cannot take large messages
_SLACK = 64 * 1024  # octets that an upload may be longer than the message: our own fields


class Witness(Protocol):
    """Sees a body pass by, and has the last word."""

    async def see(self, octets: bytes) -> None:
        """The next octets of the body."""

    async def conclude(self) -> bytes:
        """The fields to stand before the message. Raises `Unacceptable`, `Refused`, `Unavailable`."""

    async def aclose(self) -> None:
        """The message came to nothing, or is over."""


class Judged(NamedTuple):
    """``header`` is what is stored in place of the header block that came."""

    header: bytes
    witness: Witness | None = None


class Taken(NamedTuple):
    """A whole message. ``prefix`` are fields to stand before a body that was streamed."""

    body: Body
    summary: Summary
    prefix: bytes = b""


Judge = Callable[[bytes], Awaitable[Judged]]


class Intake:
    """``judge`` gets the header block, without the empty line behind it.

    It may raise `Unacceptable`, `Refused` or `Unavailable`. ``limit`` is that of the message as received; a
    ``recoder`` changes it before anybody else sees it, and so does ``whole`` with a small one when all of it is here.
    """

    __slots__ = (
        "_bus", "_head", "_header_limit", "_judge", "_judged", "_kept", "_limit", "_recoder", "_scanner", "_sender",
        "_trace", "_upload", "_whole", "_witness", "received", "refusal",
    )  # fmt: skip

    def __init__(
        self,
        bus: Bus,
        judge: Judge,
        *,
        limit: int,
        header_limit: int,
        trace: str,
        recoder: Recoder | None = None,
        whole: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._bus = bus
        self._judge = judge
        self._limit = limit
        self._header_limit = header_limit
        self._trace = trace
        self._recoder = recoder
        self._whole = whole
        self._judged = False
        self._witness: Witness | None = None
        self._head = b""
        self._kept = bytearray()
        self._scanner: SummaryScanner | None = None
        self._sender: BulkSender | None = None
        self._upload = ""
        self.received = 0  # octets
        self.refusal: Reply | None = None

    async def take(self, octets: bytes) -> None:
        """The next octets. Never raises for trouble with the message: see law 2."""
        self.received += len(octets)
        if self.refusal is None and self.received > self._limit:
            await self.refuse(TOO_LARGE)
        if self.refusal is not None:
            return
        await self._try(self._take(octets if self._recoder is None else self._recoder.feed(octets)))

    async def _try(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Unacceptable as error:
            await self.refuse(error.reply)
        except (Refused, Unavailable):
            await self.refuse(TROUBLE)

    async def refuse(self, reply: Reply) -> None:
        """Whatever comes, this is the answer; what was received is dropped."""
        if self.refusal is None:
            self.refusal = reply
        await self.aclose()

    async def conclude(self) -> None:
        """All octets are here: what is still to be judged, is. Never raises for trouble with the message."""
        if self.refusal is None:
            await self._try(self._conclude())

    async def _conclude(self) -> None:
        if self._recoder is not None:
            await self._take(self._recoder.finish())
        if not self._judged:
            if self._whole is not None:
                self._kept = bytearray(self._whole(bytes(self._kept)))
            end = self._header_end(0)
            await self._judge_header(len(self._kept) if end is None else end)
            if len(self._kept) > INLINE:
                await self._stream()
        if self._witness is not None:
            self._head = await self._witness.conclude()

    async def finish(self, timeout: float) -> Taken:
        """The whole message, after `conclude`; a streamed one must be stored within ``timeout`` seconds, and some
        more for its size: storage may keep bodies in a store that is far and slow.

        Raises `Unavailable`.
        """
        if self._sender is None or self._scanner is None:
            octets = self._head + self._kept
            self._kept = bytearray()
            return Taken(Body(octets), summarise(octets))
        timeout += self.received / STORED_A_SECOND
        with trio.move_on_after(timeout):
            await self._sender.finish()
            return Taken(Body(b"", self._upload), self._scanner.finish(), self._head)
        raise Unavailable(f"the upload was not stored within {timeout:g} s")

    async def aclose(self) -> None:
        """Drop what was received."""
        self._kept = bytearray()
        if self._sender is not None:
            await self._sender.aclose()
        if self._witness is not None:
            await self._witness.aclose()

    async def _take(self, octets: bytes) -> None:
        if self._witness is not None:
            await self._witness.see(octets)
        if self._sender is not None and self._scanner is not None:
            self._scanner.feed(octets)
            await self._sender.send(octets)
            return
        searched = max(0, len(self._kept) - 3)
        self._kept += octets
        if not self._judged:
            if self._whole is not None:
                if len(self._kept) <= INLINE:
                    return
                self._whole, searched = None, 0  # too large to be held: it goes as it came
            end = self._header_end(searched)
            if end is None:
                return
            await self._judge_header(end)
        if len(self._kept) > INLINE:
            await self._stream()

    def _header_end(self, searched: int) -> int | None:
        """Octets of the header, None while its end has not come. One beyond the limit is for the judge to refuse."""
        if self._kept[:2] == b"\r\n":
            return 0
        found = self._kept.find(b"\r\n\r\n", searched)
        if found >= 0:
            return found + 2
        return len(self._kept) if len(self._kept) > self._header_limit else None

    async def _judge_header(self, end: int) -> None:
        self._judged = True
        header, self._witness = await self._judge(bytes(self._kept[:end]))
        if self._witness is not None:
            await self._witness.see(bytes(self._kept[end + 2 :]))  # behind the empty line
        self._kept[:end] = header

    async def _stream(self) -> None:
        """From now on the message goes to storage as it comes."""
        ticket = await self._bus.call(blobs.upload, UploadRequest(self._limit + _SLACK), trace=self._trace)
        kept, self._kept = bytes(self._kept), bytearray()
        self._upload = ticket.upload
        self._scanner = SummaryScanner()
        self._sender = BulkSender(ticket.url)
        self._scanner.feed(kept)
        await self._sender.send(kept)
