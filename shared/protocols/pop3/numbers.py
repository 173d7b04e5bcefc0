"""Numbers in POP3 arguments."""

from __future__ import annotations

from shared.protocols.pop3.errors import CommandError

_DIGITS = 10  # more are no number of a message


def message_number(word: bytes) -> int:
    """A message-number: decimal, from 1 (RFC 1939 section 5)."""
    number = line_count(word)
    if number == 0:
        raise CommandError("messages are numbered from 1")
    return number


def line_count(word: bytes) -> int:
    """A non-negative decimal number."""
    if not word.isdigit() or len(word) > _DIGITS:
        raise CommandError("a number is expected")
    return int(word)


def optional_number(argument: bytes) -> int | None:
    """The one argument of LIST and UIDL, or None without one."""
    word = argument.strip()
    return message_number(word) if word else None


def nothing(argument: bytes) -> None:
    """No argument at all."""
    if argument.strip():
        raise CommandError("no argument is expected")
