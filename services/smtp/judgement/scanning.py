"""Content scanners asked about one message: what they are given, and what becomes of trouble with them.

1. A small message is handed over whole at its end, so a client that drips holds up no scanner; a larger one is handed
   on as it comes. Of what is larger than a scanner's limit it gets nothing, and is not asked.
2. Trouble with a scanner is never an error of the message's: its setting says whether the message is then accepted or
   deferred.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

import trio

from services.smtp.judgement.settings import Action, ScannerSettings
from shared.contracts.blobs import INLINE
from shared.contracts.errors import Unavailable
from shared.net.shell import PeerGone, PeerTimeout
from shared.protocols.errors import ProtocolError


class Envelope(NamedTuple):
    """What a scanner may want to know besides the message."""

    client: str
    helo: str
    sender: str
    recipients: tuple[str, ...]
    letter: str


class Opinion(NamedTuple):
    """``word`` is for the log, ``text`` for the client, ``fields`` stand in the stored message."""

    action: Action
    word: str
    text: str = ""
    fields: bytes = b""


class Channel(Protocol):
    """One message on its way to a scanner. Raises `Unavailable`, `PeerGone`, `PeerTimeout`, `ProtocolError`."""

    async def send(self, octets: bytes) -> None:
        """The next octets."""

    async def finish(self) -> Opinion:
        """What the scanner says of them."""

    async def aclose(self) -> None:
        """Give up."""


class Scanner(Protocol):
    """A scanner that is configured."""

    name: str

    @property
    def settings(self) -> ScannerSettings:
        """How long it may take, and what becomes of trouble with it."""

    async def open(self, envelope: Envelope, size: int | None) -> Channel:
        """A channel for a message of ``size`` octets, None where nobody knows yet. Raises as `Channel` does."""


class Scan:
    """One message before one scanner."""

    def __init__(self, scanner: Scanner, envelope: Envelope) -> None:
        self.name = scanner.name
        self._scanner = scanner
        self._settings = scanner.settings
        self._envelope = envelope
        self._size = 0
        self._kept = bytearray()
        self._channel: Channel | None = None
        self._trouble = ""

    async def see(self, octets: bytes) -> None:
        """The next octets of the message, its header included."""
        self._size += len(octets)
        if self._trouble:
            return
        if self._size > self._settings.largest:
            self._kept.clear()
            await self.aclose()
            return
        if self._channel is None:
            self._kept += octets
            if self._size > INLINE:
                await self._bear(self._open(None))
        else:
            await self._bear(self._channel.send(octets))

    async def opinion(self) -> Opinion:
        """What came out, after the last octet."""
        if not self._trouble and self._size > self._settings.largest:
            return Opinion(Action.ACCEPT, "too large")
        opinion = None if self._trouble else await self._bear(self._finish())
        if opinion is None:
            return Opinion(
                Action(self._settings.trouble), f"trouble: {self._trouble}", "Content could not be checked"
            )
        return opinion

    async def aclose(self) -> None:
        """Nobody wants to know any more."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.aclose()

    async def _open(self, size: int | None) -> Channel:
        channel = self._channel = await self._scanner.open(self._envelope, size)
        octets, self._kept = bytes(self._kept), bytearray()
        await channel.send(octets)
        return channel

    async def _finish(self) -> Opinion:
        channel = self._channel or await self._open(self._size)
        opinion = await channel.finish()
        self._channel = None
        return opinion

    async def _bear(self, work: Awaitable[object]) -> Opinion | None:
        """The outcome of ``work``, within the scanner's time; trouble with it is noted."""
        try:
            with trio.move_on_after(self._settings.timeout):
                done = await work
                return done if isinstance(done, Opinion) else None
            self._trouble = f"no answer within {self._settings.timeout:g} s"
        except (Unavailable, PeerGone, PeerTimeout, ProtocolError) as error:
            self._trouble = str(error)
        self._kept.clear()
        await self.aclose()
        return None
