"""``USER name`` (RFC 1939 section 7). The name is UTF-8, as SASL has it."""

from __future__ import annotations

from shared.protocols.pop3.errors import CommandError


def parse(argument: bytes) -> str:
    try:
        name = argument.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise CommandError("the name is not UTF-8") from error
    if not name:
        raise CommandError("USER wants a name")
    return name
