"""EHLO (RFC 5321 section 4.1.1.1): who the client says it is."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.arguments import text
from shared.protocols.smtp.domains import is_address_literal, is_domain
from shared.protocols.smtp.errors import argument_error


class Ehlo(NamedTuple):
    """``name`` is a domain or an address literal and safe to stand in a Received field."""

    name: str


def host_name(argument: bytes) -> str:
    """The one name behind EHLO, HELO or LHLO. Raises `CommandError` (501)."""
    name = text(argument)
    if not name.isascii() or not (is_domain(name) or is_address_literal(name)):
        raise argument_error("domain or address literal expected")
    return name


def parse(argument: bytes) -> Ehlo:
    return Ehlo(host_name(argument))
