"""Content-Transfer-Encodings undone (RFC 2045 section 6), however broken: never an exception."""

from __future__ import annotations

import binascii
import re
from typing import Protocol

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS = bytes(octet for octet in range(256) if octet not in _ALPHABET)
_NO_DIGITS = bytes(octet for octet in range(256) if octet not in _ALPHABET + b"=")
_ESCAPE = re.compile(rb"=(?:([0-9A-Fa-f]{2})|\r?\n)")

IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
KNOWN = IDENTITY | {"base64", "quoted-printable"}


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """``octets`` without their transfer encoding; an unknown encoding is taken for none."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    return octets


def decode_base64(octets: bytes) -> bytes:
    """All whole octets that ``octets`` holds; foreign characters are skipped (RFC 2045 section 6.8)."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        digits = octets.translate(None, _OTHERS)
        digits = digits[: len(digits) - (len(digits) % 4 == 1)]
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


class Decoder(Protocol):
    """The same for a body that comes in pieces; how it is cut changes nothing."""

    def feed(self, octets: bytes) -> bytes:
        """What the next octets decode to, as far as it is certain."""

    def finish(self) -> bytes:
        """The rest."""


def decoder(encoding: str) -> Decoder:
    """A decoder for an encoding of `KNOWN`."""
    if encoding == "base64":
        return _Base64()
    return _QuotedPrintable() if encoding == "quoted-printable" else _Identity()


class _Identity:
    def feed(self, octets: bytes) -> bytes:
        return octets

    def finish(self) -> bytes:
        return b""


class _Base64:
    """Ends at the padding."""

    def __init__(self) -> None:
        self._digits = b""  # less than four
        self._ended = False

    def feed(self, octets: bytes) -> bytes:
        if self._ended:
            return b""
        digits = self._digits + octets.translate(None, _NO_DIGITS)
        padding = digits.find(b"=")
        if padding >= 0:
            digits, self._ended = digits[:padding], True
        whole = len(digits) - len(digits) % 4
        self._digits = digits[whole:]
        return binascii.a2b_base64(digits[:whole])

    def finish(self) -> bytes:
        digits = self._digits if len(self._digits) > 1 else b""
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


class _QuotedPrintable:
    """What is no escape stays as it stands."""

    def __init__(self) -> None:
        self._held = b""  # what may be the beginning of an escape

    def feed(self, octets: bytes) -> bytes:
        held = self._held + octets
        start = held.rfind(b"=", max(len(held) - 2, 0))
        end = len(held) if start < 0 else start
        self._held = held[end:]
        return _ESCAPE.sub(_unescaped, held[:end])

    def finish(self) -> bytes:
        return _ESCAPE.sub(_unescaped, self._held)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode("ascii")) if escape[1] else b""
