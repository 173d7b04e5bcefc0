"""Encoded words in header fields (RFC 2047): ``=?utf-8?q?caf=C3=A9?=`` to text, in linear time."""

from __future__ import annotations

import binascii

from shared.mail.charsets import decode
from shared.mail.transfer import decode_base64

_MAX_WORD = 4_096  # octets; RFC 2047 allows 75


def decode_words(value: bytes) -> str:
    """Text of a header field's value. What is no encoded word stays, read as UTF-8 or else Latin-1.

    White space between two encoded words is dropped, and octets of neighbours in one character set are joined
    before they are read, since senders split characters between words (RFC 2047 sections 5 and 6.2).
    """
    if b"=?" not in value:
        return decode(value, "us-ascii")
    out: list[str] = []
    charset, octets = "", b""  # of the encoded words just read
    pending: list[bytes] = []
    at = 0
    while (start := value.find(b"=?", at)) >= 0:
        word = _word(value, start)
        if word is None:
            out.append(_flush(pending, charset))
            pending = []
            out.append(decode(value[at : start + 2], "us-ascii"))
            at = start + 2
            continue
        gap = value[at:start]
        name, octets, end = word
        if not pending or gap.strip() or name != charset:
            out.append(_flush(pending, charset))
            if not pending or gap.strip():
                out.append(decode(gap, "us-ascii"))
            pending, charset = [], name
        pending.append(octets)
        at = end
    out.append(_flush(pending, charset))
    out.append(decode(value[at:], "us-ascii"))
    return "".join(out)


def _flush(pending: list[bytes], charset: str) -> str:
    return decode(b"".join(pending), charset) if pending else ""


def _word(value: bytes, start: int) -> tuple[str, bytes, int] | None:
    """Character set, octets and end of the encoded word at ``start``, or None when there is none."""
    limit = start + _MAX_WORD
    first = value.find(b"?", start + 2, start + 80)
    if first < 0 or value[first + 2 : first + 3] != b"?":
        return None
    end = value.find(b"?=", first + 3, limit)
    if end < 0:
        return None
    charset = value[start + 2 : first].partition(b"*")[0]  # RFC 2231 section 5: a language may follow
    if not charset.isascii():
        return None
    octets = _octets(value[first + 1 : first + 2], value[first + 3 : end])
    return None if octets is None else (charset.decode("ascii").lower(), octets, end + 2)


def _octets(encoding: bytes, text: bytes) -> bytes | None:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    if encoding in b"bB":
        return decode_base64(text)
    return None
