"""Tickets for the data port: a URL that is good for one body, one direction and a short time.

The ticket is ``<payload>.<tag>``, both base64url: the payload names direction, what, octets and expiry; the tag is
HMAC-SHA256 cut to 16 octets.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

TAG = 16  # octets


class Direction(Enum):
    UPLOAD = "u"
    DOWNLOAD = "d"
    SNAPSHOT = "s"  # all tables, for a backup


class Ticket(NamedTuple):
    """``subject`` is the upload's id, the location of the body, or a backup's lease; ``octets`` the limit, or the
    body's size."""

    direction: Direction
    subject: str
    octets: int
    expires: int  # Unix seconds


class Tickets:
    """Signs and reads tickets. ``base`` is the URL at which fronts reach the data port; it may be known late."""

    def __init__(self, secret: bytes, base: str, clock: Callable[[], float], lifetime: int) -> None:
        self._secret = secret
        self.base = base.rstrip("/")
        self._clock = clock
        self._lifetime = lifetime

    def upload_url(self, upload: str, limit: int) -> str:
        """Where to PUT at most ``limit`` octets as ``upload``."""
        return f"{self.base}/upload/{self._sign(Direction.UPLOAD, upload, limit)}"

    def download_url(self, location: str, size: int) -> str:
        """Where to GET the body that is stored at ``location``."""
        return f"{self.base}/body/{self._sign(Direction.DOWNLOAD, location, size)}"

    def snapshot_url(self, lease: str) -> str:
        """Where to GET the tables for the backup that has ``lease``."""
        return f"{self.base}/snapshot/{self._sign(Direction.SNAPSHOT, lease, 0)}"

    def read(self, text: str, direction: Direction) -> Ticket | None:
        """The ticket in a URL's last segment; None when it is forged, expired or for the other direction."""
        payload, _, tag = text.partition(".")
        if not hmac.compare_digest(tag.encode(), self._tag(payload.encode())):
            return None
        try:
            way, octets, expires, subject = urlsafe_b64decode(payload).decode().split(" ", 3)
        except (Base64Error, ValueError):
            return None
        if way != direction.value or int(expires) < self._clock():
            return None
        return Ticket(direction, subject, int(octets), int(expires))

    def _sign(self, direction: Direction, subject: str, octets: int) -> str:
        expires = int(self._clock()) + self._lifetime
        payload = urlsafe_b64encode(f"{direction.value} {octets} {expires} {subject}".encode())
        return f"{payload.decode()}.{self._tag(payload).decode()}"

    def _tag(self, payload: bytes) -> bytes:
        return urlsafe_b64encode(hmac.digest(self._secret, payload, sha256)[:TAG])
