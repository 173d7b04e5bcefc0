"""Domains and address literals (RFC 5321 sections 4.1.2 and 4.1.3; RFC 6531 section 3.3 for U-labels)."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address

DOMAIN_LIMIT = 255  # octets (RFC 5321 section 4.5.3.1.2)

# A label of letters, digits and inner hyphens; the underscore is no host name's, but many real names hold one.
LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_UTF8_LABEL = re.compile(r"(?:[A-Za-z0-9_-]|[^\x00-\x7f])+")


def is_domain(text: str) -> bool:
    """Whether ``text`` is a domain; non-ASCII labels pass if they are printable (IDNA judges them later)."""
    if len(text) > DOMAIN_LIMIT:
        return False
    if text.isascii():
        return _DOMAIN.fullmatch(text) is not None
    return (
        text.isprintable()
        and len(text.encode()) <= DOMAIN_LIMIT
        and all(_UTF8_LABEL.fullmatch(label) for label in text.split("."))
    )


def is_address_literal(text: str) -> bool:
    """Whether ``text`` is ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]``. No other tag is registered."""
    if len(text) > 64 or text[:1] != "[" or text[-1:] != "]":
        return False
    inner = text[1:-1]
    try:
        if inner[:5].upper() == "IPV6:":
            return "%" not in inner and bool(IPv6Address(inner[5:]))
        return bool(IPv4Address(inner))
    except ValueError:
        return False
