"""Encoded words in header fields (RFC 2047): ``=?utf-8?q?caf=C3=A9?=`` to text, in linear time."""

from __future__ import annotations

import binascii

from shared.mail.charsets import decode
from shared.mail.transfer import decode_base64

_ENCODINGS = frozenset({b"q?", b"Q?", b"b?", b"B?"})
_MAX_WORD = 4_096  # octets; RFC 2047 allows 75


def decode_words(value: bytes) -> str:
    """Text of a header field's value. What is no encoded word stays, read as UTF-8 or else Latin-1.

    White space between two encoded words is dropped, and octets of neighbours in one character set are joined
    before they are read, since senders split characters between words (RFC 2047 sections 5 and 6.2).
    """
    if b"=?" not in value:
        return decode(value, "us-ascii")
    out: list[str] = []
    charset, pending = "", [b""]  # of the encoded words just read
    at = done = 0  # looked at, and taken over
    while (start := value.find(b"=?", at)) >= 0:
        word = _word(value, start)
        if word is None:
            at = start + 2
            continue
        gap = value[done:start]
        name, octets, at = word
        is_neighbour = done > 0 and not gap.strip()
        if not is_neighbour or name != charset:
            out.append(decode(b"".join(pending), charset))
            if not is_neighbour:
                out.append(decode(gap, "us-ascii"))
            charset, pending = name, []
        pending.append(octets)
        done = at
    out.append(decode(b"".join(pending), charset))
    out.append(decode(value[done:], "us-ascii"))
    return "".join(out)


def _word(value: bytes, start: int) -> tuple[str, bytes, int] | None:
    """Character set, octets and end of the encoded word at ``start``, or None when there is none."""
    limit = start + _MAX_WORD
    first = value.find(b"?", start + 2, start + 80)
    if first < 0 or value[first + 1 : first + 3] not in _ENCODINGS:
        return None
    end = value.find(b"?=", first + 3, limit)
    if end < 0:
        return None
    charset = value[start + 2 : first].partition(b"*")[0]  # RFC 2231 section 5: a language may follow
    if not charset.isascii():
        return None
    text = value[first + 3 : end]
    is_base64 = value[first + 1] in b"bB"
    octets = decode_base64(text) if is_base64 else binascii.a2b_qp(text, header=True)
    return charset.decode("ascii").lower(), octets, end + 2
