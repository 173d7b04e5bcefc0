"""Letters from outside that we send on are sealed (RFC 8617): whoever gets them may believe what we found.

What we judged at its arrival begins with our own Authentication-Results; that is how a letter to be sealed is known.
A letter of our users, or one that nobody judged, leaves as it is, at the price of one look.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import trio

from services.delivery.content import Content
from shared.authentication.arc.chain import Chain, Status
from shared.authentication.arc.seal import Sealer
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey, signing_key
from shared.authentication.results import NAME, is_ours
from shared.authentication.tags import TagError
from shared.bus.client import Bus
from shared.contracts import dkim
from shared.mail.headers import Field
from shared.observe.log import Log

_KEPT = 300.0  # seconds that a key is used without asking again
_LOOKED_AT = 5  # leading fields: what stands before our results is our own as well
_ARC = re.compile(rb"\barc=(pass|fail)\b")


class _Lent(NamedTuple):
    until: float  # trio time
    key: SigningKey | None


class Sealing:
    """For all letters of a process. ``hostname`` names us in Authentication-Results."""

    def __init__(self, bus: Bus, hostname: str, log: Log) -> None:
        self._bus = bus
        self._hostname = hostname
        self._log = log
        self._lent = _Lent(0.0, None)

    async def sealed(self, content: Content, now: int) -> Content:
        """``content`` with a seal in front, where there is something to seal and a key to do it with.

        ``now`` is Unix seconds. Raises `Refused`, `Unavailable`.
        """
        if NAME not in content.header[:2_000].lower():
            return content
        header = HeaderFields(content.header)
        results = self._results(header)
        key = await self._key() if results is not None else None
        if results is None or key is None:
            return content
        hashes = BodyHashes()
        sealer = Sealer(header, hashes, key)
        await content.feed_body(hashes.feed)
        hashes.finish()
        value = results.raw.partition(b":")[2].strip()
        found = _ARC.search(value)
        chain = Chain(Status(found[1].decode()) if found else Status.NONE)
        return content.behind(sealer.fields(value, chain, now))

    def _results(self, header: HeaderFields) -> Field | None:
        """What we found at the letter's arrival; None where we did not look."""
        for field in header.all[:_LOOKED_AT]:
            if is_ours(field, self._hostname):
                return field
            if field.name == b"received":
                break
        return None

    async def _key(self) -> SigningKey | None:
        if self._lent.until < trio.current_time():
            reply = await self._bus.call(dkim.sealing, dkim.SealingRequest(self._hostname))
            self._lent = _Lent(trio.current_time() + _KEPT, self._first(reply))
        return self._lent.key

    def _first(self, reply: dkim.SigningKeys) -> SigningKey | None:
        for each in reply.keys:
            try:
                return signing_key(reply.domain, each.selector, each.secret)
            except TagError as error:
                self._log.error("delivery.bad_key", domain=reply.domain, selector=each.selector, reason=str(error))
        return None
