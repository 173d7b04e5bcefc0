"""Content-Transfer-Encodings undone (RFC 2045 section 6), however broken: never an exception."""

from __future__ import annotations

import binascii

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS = bytes(octet for octet in range(256) if octet not in _ALPHABET)

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
