"""The server's part of a SCRAM nonce: storage's own, fresh, and good for one session, so that nobody who overheard an
exchange can hand it in again. Nothing is kept for it."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from struct import pack, unpack

RANDOM = 12  # octets
LIFETIME = 300  # seconds
_MAC = 14


def make(key: bytes, session: str, now: float, random: bytes) -> str:
    """A nonce for ``session``; ``random`` are `RANDOM` octets."""
    start = pack("<I", int(now)) + random
    return urlsafe_b64encode(start + _mac(key, start, session)).decode("ascii")


def valid(key: bytes, nonce: str, session: str, now: float) -> bool:
    """Whether `make` gave ``nonce`` to ``session`` a short while ago."""
    try:
        octets = urlsafe_b64decode(nonce)
    except (Error, ValueError):
        return False
    start, mac = octets[:-_MAC], octets[-_MAC:]
    if len(start) != 4 + RANDOM or not hmac.compare_digest(mac, _mac(key, start, session)):
        return False
    made: int = unpack("<I", start[:4])[0]
    return 0 <= int(now) - made <= LIFETIME


def _mac(key: bytes, start: bytes, session: str) -> bytes:
    return hmac.digest(key, start + session.encode(), "sha256")[:_MAC]
