"""Senders of forwards, there and back (`services.storage.rules.srs`), under a secret of ours."""

from __future__ import annotations

from collections.abc import Callable

from services.storage.rules import srs

_DAY = 86_400


class Forwarding:
    """``clock`` gives Unix seconds."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret = secret
        self._clock = clock

    def sender(self, sender: str, forwarder: str) -> str:
        """Under which address a letter of ``sender`` goes on from ``forwarder``; "" for its own."""
        found = srs.rewrite(sender, forwarder.rpartition("@")[2], self._secret, self._day())
        return "" if found == sender else found

    def original(self, address: str) -> str | None:
        """Whom an address of ours stands for, if it is a rewritten one."""
        local = address.rpartition("@")[0]
        return srs.original(local, self._secret, self._day()) if local.startswith("srs") else None

    def _day(self) -> int:
        return int(self._clock() // _DAY)
