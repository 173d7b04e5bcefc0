"""XCLIENT: a proxy says whom it stands for (Postfix's XCLIENT_README).

Values are xtext; ``[UNAVAILABLE]`` and ``[TEMPUNAVAIL]`` say that something is not known.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from shared.base.ip import unmapped
from shared.protocols.smtp import arguments, xtext
from shared.protocols.smtp.domains import is_address_literal, is_domain
from shared.protocols.smtp.errors import argument_error

KNOWN = frozenset({"NAME", "ADDR", "PORT", "PROTO", "HELO"})
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


class Xclient(NamedTuple):
    """What is not given stays as it is. ``helo`` is "" where the client has not said it."""

    address: str | None = None
    port: int | None = None
    helo: str | None = None
    extended: bool | None = None  # the client said EHLO


def parse(argument: bytes) -> Xclient:
    given = arguments.parameters(f" {arguments.text(argument)}", KNOWN)
    if not given:
        raise argument_error("XCLIENT wants attributes")
    return Xclient(
        _address(_value(given, "ADDR")),
        _port(_value(given, "PORT")),
        _helo(_value(given, "HELO")),
        _extended(_value(given, "PROTO")),
    )


def _value(given: dict[str, str | None], name: str) -> str | None:
    """The decoded value; None where it is not given, "" where it is not known."""
    if name not in given:
        return None
    found = xtext.decode(arguments.value(given, name))
    return "" if found.upper() in _UNKNOWN else found


def _address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        if text[:5].upper() == "IPV6:":
            return str(unmapped(IPv6Address(text[5:])))
        return str(IPv4Address(text))
    except ValueError as error:
        raise argument_error("ADDR is no address") from error


def _port(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536):
        raise argument_error("PORT is no port")
    return int(text)


def _helo(text: str | None) -> str | None:
    if not text:
        return text
    if not text.isascii() or not (is_domain(text) or is_address_literal(text)):
        raise argument_error("HELO is no name")
    return text


def _extended(text: str | None) -> bool | None:
    if not text:
        return None
    if text.upper() not in ("SMTP", "ESMTP"):
        raise argument_error("PROTO is SMTP or ESMTP")
    return text.upper() == "ESMTP"
