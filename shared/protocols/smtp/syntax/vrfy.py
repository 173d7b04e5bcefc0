"""VRFY (RFC 5321 section 4.1.1.6)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.arguments import text
from shared.protocols.smtp.errors import argument_error


class Vrfy(NamedTuple):
    who: str


def parse(argument: bytes) -> Vrfy:
    who = text(argument)
    if not who:
        raise argument_error("user name or mailbox expected")
    return Vrfy(who)
