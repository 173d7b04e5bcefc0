"""Rspamd over its HTTP interface, ``/checkv2``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from services.smtp.judgement.scanning import Envelope, Opinion
from services.smtp.judgement.settings import Action, RspamdSettings
from shared.net.http_client import Exchange, HttpClient
from shared.protocols.errors import ProtocolError

SCORE = b"x-spam-score"  # the field that tells filters of ours how bad it is
_ANSWER = 1024 * 1024  # octets
_ACTIONS = {
    "reject": Action.REJECT,
    "soft reject": Action.DEFER,
    "greylist": Action.DEFER,
    "add header": Action.QUARANTINE,
    "rewrite subject": Action.QUARANTINE,
    "quarantine": Action.QUARANTINE,
}


class Rspamd:
    """The daemon."""

    name = "rspamd"

    def __init__(self, settings: RspamdSettings) -> None:
        self.settings = settings
        self._http = HttpClient()

    async def open(self, envelope: Envelope, size: int | None) -> RspamdChannel:
        """Begin a request."""
        length = ("Transfer-Encoding", "chunked") if size is None else ("Content-Length", str(size))
        headers = [*_headers(envelope), length]
        if self.settings.password:
            headers.append(("Password", self.settings.password))
        return RspamdChannel(await self._http.begin("POST", f"{self.settings.url.rstrip('/')}/checkv2", headers))


class RspamdChannel:
    """One request."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def send(self, octets: bytes) -> None:
        await self._exchange.send(octets)

    async def finish(self) -> Opinion:
        await self._exchange.end()
        status = await self._exchange.status()
        answer = bytearray()
        async with aclosing(self._exchange.pieces()) as pieces:
            async for piece in pieces:
                answer += piece
                if len(answer) > _ANSWER:
                    raise ProtocolError("answer too long")
        await self._exchange.aclose()
        if status != 200:
            raise ProtocolError(f"status {status}")
        return opinion(bytes(answer))

    async def aclose(self) -> None:
        await self._exchange.aclose()


def opinion(answer: bytes) -> Opinion:
    """What the answer means. Raises `ProtocolError`."""
    try:
        told: Any = json.loads(answer)
        action, score = told["action"], float(told["score"])
        messages = told.get("messages") or {}
        text = messages.get("smtp_message", "") if isinstance(messages, dict) else ""
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProtocolError("unreadable answer") from error
    chosen = _ACTIONS.get(action, Action.ACCEPT) if isinstance(action, str) else Action.ACCEPT
    said = _plain(text) if isinstance(text, str) and text else "Message content is not acceptable"
    return Opinion(chosen, f"{_plain(str(action))} {score:.2f}", said, b"X-Spam-Score: %.2f\r\n" % score)


def _headers(envelope: Envelope) -> Iterator[tuple[str, str]]:
    yield "Queue-Id", envelope.letter
    yield "Ip", envelope.client
    yield "Helo", _plain(envelope.helo)
    yield "From", _plain(envelope.sender)
    for recipient in envelope.recipients:
        yield "Rcpt", _plain(recipient)


def _plain(text: str) -> str:
    """Text that can stand in a header or a reply."""
    return "".join([letter if " " <= letter <= "~" else "?" for letter in text[:300]])
