"""The trace fields that we add to a message (RFC 5321 section 4.4), safe whatever the peer called itself.

What a stranger chose (HELO, reverse name, addresses) is reduced to characters that can end no comment, quote, clause
or line. All lines end in CRLF.
"""

from __future__ import annotations

import re

from shared.mail.dates import format_date

_UNSAFE = re.compile(r"[^A-Za-z0-9.:_\-\[\]\u0080-\U0010ffff]")
_UNSAFE_COMMENT = re.compile(r"[^A-Za-z0-9._\- ]")
_UNSAFE_ADDRESS = re.compile(r"[\x00-\x20\x7f()<>\\;,\"]")
_QUOTED = re.compile(r'"[^\x00-\x1f\x7f()<>\\;,"]*"@[^\x00-\x20\x7f()<>\\;,"]*\Z')  # a local part in quotes
_MAX_NAME = 255
_MAX_ADDRESS = 320


def received(
    *,
    helo: str,
    ip: str,
    host: str,
    protocol: str,
    letter: str,
    at: int,
    rdns: str = "",
    tls: str = "",
    recipient: str = "",
) -> bytes:
    """One Received field: ``from HELO (rdns [ip]) by host (Eilpost) with ESMTPSA id ULID for <rcpt>; date``.

    ``protocol`` is a word of RFC 3848, ``tls`` version and cipher for a comment, ``recipient`` is given only for a
    letter with one recipient (no Bcc may leak), ``at`` is Unix seconds.
    """
    peer = f"{_name(rdns)} [{_name(ip)}]" if rdns else f"[{_name(ip)}]"
    secured = f"\r\n\t(using {_comment(tls)})" if tls else ""
    receiver = f"\r\n\tfor <{_address(recipient)}>" if recipient else ""
    return (
        f"Received: from {_name(helo) or 'unknown'} ({peer}){secured}\r\n"
        f"\tby {_name(host)} (Eilpost) with {_name(protocol)} id {_name(letter)}{receiver};\r\n"
        f"\t{format_date(at)}\r\n"
    ).encode("utf-8", "replace")


def return_path(sender: str) -> bytes:
    """The Return-Path field; ``sender`` is the reverse-path without brackets, "" for the null sender."""
    return b"Return-Path: <%b>\r\n" % _address(sender).encode("utf-8", "replace")


def delivered_to(recipient: str) -> bytes:
    """The Delivered-To field of one recipient's copy."""
    return b"Delivered-To: %b\r\n" % _address(recipient).encode("utf-8", "replace")


def _name(text: str) -> str:
    return _UNSAFE.sub("?", _printable(text[:_MAX_NAME]))


def _comment(text: str) -> str:
    return _UNSAFE_COMMENT.sub("?", text[:_MAX_NAME])


def _address(text: str) -> str:
    text = _printable(text[:_MAX_ADDRESS])
    return text if _QUOTED.match(text) else _UNSAFE_ADDRESS.sub("?", text)


def _printable(text: str) -> str:
    """``text`` without what is invisible, ends lines, or turns the reading direction outside of ASCII."""
    if text.isascii():
        return text
    return "".join([letter if letter.isprintable() else "?" for letter in text])
