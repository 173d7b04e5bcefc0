"""xtext (RFC 3461 section 4): printable ASCII without ``+`` and ``=``; everything else is ``+`` and two hex.

Addresses of type utf-8 have a form of their own (RFC 6533 section 3): everything else is ``\\x{...}``.
"""

from __future__ import annotations

import re

from shared.protocols.smtp.errors import argument_error

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(r"\+([0-9A-F]{2})")


def decode(value: str) -> str:
    """The text behind an xtext, printable by construction; raises `CommandError` (501).

    Encoded control characters are refused: nothing that this carries, an address or an envelope id, has a use
    for them, and they would end up in headers of reports.
    """
    if not _XTEXT.fullmatch(value):
        raise argument_error("not valid xtext")
    if "+" not in value:
        return value
    octets = _HEXCHAR.sub(lambda found: chr(int(found[1], 16)), value).encode("latin-1")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise argument_error("xtext does not hold UTF-8") from error
    if not text.isprintable():
        raise argument_error("control character in xtext")
    return text


def encode(text: str) -> str:
    """``text`` as xtext; what is not plain goes as the hex of its UTF-8 octets."""
    return "".join(
        chr(octet) if 0x21 <= octet <= 0x7E and octet not in b"+=" else f"+{octet:02X}" for octet in text.encode()
    )


def encode_utf8_address(text: str) -> str:
    """An address of type utf-8 in the form that any server may be given: utf-8-addr-xtext.

    What stands so already, behind a backslash, stays.
    """
    return "".join(each if "!" <= each <= "~" and each not in "+=" else f"\\x{{{ord(each):02X}}}" for each in text)
