"""``RETR msg`` (RFC 1939 section 5)."""

from __future__ import annotations

from shared.protocols.pop3.numbers import message_number


def parse(argument: bytes) -> int:
    return message_number(argument.strip())
