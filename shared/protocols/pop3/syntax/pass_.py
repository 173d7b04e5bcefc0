"""``PASS string`` (RFC 1939 section 7): one argument, whatever spaces it holds."""

from __future__ import annotations

from shared.protocols.pop3.errors import CommandError


def parse(argument: bytes) -> str:
    if not argument:
        raise CommandError("PASS wants a password")
    try:
        return argument.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError("the password is not UTF-8") from error
