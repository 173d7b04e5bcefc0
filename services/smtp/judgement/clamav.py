"""ClamAV's daemon, by INSTREAM: chunks with their length in front, an empty one at the end."""

from __future__ import annotations

import struct

from services.smtp.judgement.scanning import Envelope, Opinion
from services.smtp.judgement.settings import Action, ClamavSettings
from shared.contracts.errors import Unavailable
from shared.net.http_client import connect
from shared.net.shell import Connection
from shared.protocols.errors import ProtocolError

_CHUNK = 64 * 1024  # octets
_ANSWER = 4_096


class Clamav:
    """The daemon."""

    name = "clamav"

    def __init__(self, settings: ClamavSettings) -> None:
        self.settings = settings

    async def open(self, envelope: Envelope, size: int | None) -> ClamavChannel:
        """Begin a stream."""
        host, _, port = self.settings.address.rpartition(":")
        connection = await connect(host.strip("[]"), int(port))
        await connection.send(b"zINSTREAM\0")
        return ClamavChannel(connection, self.settings)


class ClamavChannel:
    """One stream; the connection serves for no other."""

    def __init__(self, connection: Connection, settings: ClamavSettings) -> None:
        self._connection = connection
        self._settings = settings

    async def send(self, octets: bytes) -> None:
        for start in range(0, len(octets), _CHUNK):
            chunk = octets[start : start + _CHUNK]
            await self._connection.send(struct.pack("!I", len(chunk)) + chunk)

    async def finish(self) -> Opinion:
        await self._connection.send(struct.pack("!I", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _ANSWER:
            more = await self._connection.receive(self._settings.timeout, _ANSWER)
            if not more:
                break
            answer += more
        await self._connection.aclose()
        return opinion(answer, Action(self._settings.found))

    async def aclose(self) -> None:
        self._connection.abandon()


def opinion(answer: bytes, found: Action) -> Opinion:
    """What the answer means: ``stream: OK``, ``stream: NAME FOUND``. Raises `ProtocolError`, `Unavailable`."""
    text = answer.rstrip(b"\0\r\n").decode("ascii", "replace")
    if text.endswith(": OK"):
        return Opinion(Action.ACCEPT, "clean")
    if text.endswith(" FOUND"):
        name = text.removeprefix("stream: ").removesuffix(" FOUND")
        return Opinion(found, f"found {name}", "Malware found in the message")
    if text.endswith("ERROR"):
        raise Unavailable(text, executed=True)
    raise ProtocolError(f"unreadable answer {text[:80]!r}")
