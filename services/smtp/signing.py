"""DKIM signatures on what our users submit (RFC 6376, RFC 8463).

Keys are lent by storage for the domain that a user writes from, and kept for a while: a rotation that begins later is
known from its times, one that begins at once is followed after `KEPT` seconds.
"""

from __future__ import annotations

from time import time
from typing import NamedTuple

import trio

from services.smtp.intake import Judged
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey, signing_key
from shared.authentication.dkim.sign import Signer
from shared.authentication.tags import TagError
from shared.bus.client import Bus
from shared.contracts import dkim
from shared.observe.log import Log

KEPT = 300.0  # seconds
_DOMAINS = 10_000


class _Lent(NamedTuple):
    until: float  # trio time
    keys: tuple[tuple[int, int, SigningKey], ...]  # signs from, signs until, in Unix seconds


class Signatures:
    """Makes them, for all sessions of a process."""

    def __init__(self, bus: Bus, log: Log) -> None:
        self._bus = bus
        self._log = log
        self._lent: dict[str, _Lent] = {}

    async def begin(self, grant: bytes, author: str, header: bytes, trace: str) -> Judged:
        """What to do about the message with this header, whose author is the address ``author``.

        Raises `Refused`, `Unavailable`.
        """
        keys = await self._keys(grant, author, trace)
        return Judged(header, Signing(header, keys) if keys else None)

    async def _keys(self, grant: bytes, author: str, trace: str) -> list[SigningKey]:
        domain, now = author.rpartition("@")[2].lower(), time()
        lent = self._lent.get(domain)
        if lent is None or lent.until < trio.current_time():
            lent = await self._borrow(grant, author, trace)
            if len(self._lent) >= _DOMAINS:
                self._lent.clear()
            self._lent[domain] = lent
        return [key for first, until, key in lent.keys if first <= now and (until == 0 or now < until)]

    async def _borrow(self, grant: bytes, author: str, trace: str) -> _Lent:
        reply = await self._bus.call(dkim.signing, dkim.SigningRequest(grant, author), trace=trace)
        keys: list[tuple[int, int, SigningKey]] = []
        for each in reply.keys:
            try:
                key = signing_key(reply.domain, each.selector, each.secret)
            except TagError as error:
                self._log.error("smtp.bad_key", domain=reply.domain, selector=each.selector, reason=str(error))
                continue
            keys.append((each.signs_from, each.signs_until, key))
        return _Lent(trio.current_time() + KEPT, tuple(keys))


class Signing:
    """One message that is signed while its body passes by."""

    def __init__(self, header: bytes, keys: list[SigningKey]) -> None:
        self._hashes = BodyHashes()
        self._signer = Signer(HeaderFields(header), self._hashes, keys)

    async def see(self, octets: bytes) -> None:
        """The next octets of the body."""
        self._hashes.feed(octets)

    async def conclude(self) -> bytes:
        """The signatures, one for each key."""
        self._hashes.finish()
        return self._signer.fields(int(time()))

    async def aclose(self) -> None:
        """Nothing is held."""
