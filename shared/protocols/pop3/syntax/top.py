"""``TOP msg n`` (RFC 1939 section 7)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.pop3.errors import CommandError
from shared.protocols.pop3.numbers import line_count, message_number


class Top(NamedTuple):
    number: int
    lines: int  # of the body


def parse(argument: bytes) -> Top:
    words = argument.split()
    if len(words) != 2:
        raise CommandError("TOP wants a message and a number of lines")
    return Top(message_number(words[0]), line_count(words[1]))
