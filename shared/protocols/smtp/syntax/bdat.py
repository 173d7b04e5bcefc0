"""BDAT (RFC 3030 section 2): a chunk of so many octets follows the command's line at once."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp.arguments import text
from shared.protocols.smtp.errors import Violation


class Bdat(NamedTuple):
    size: int  # octets
    last: bool


def parse(argument: bytes) -> Bdat:
    """The chunk's size and whether it ends the message.

    Raises `Violation`, not `CommandError`: without a size nobody knows which of the following octets are commands.
    """
    words = text(argument).split()
    last = len(words) == 2 and words[1].upper() == "LAST"
    if not words or len(words) > 2 or (len(words) == 2 and not last):
        raise Violation(501, "5.5.4", "BDAT wants a size, and LAST or nothing")
    size = words[0]
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        raise Violation(501, "5.5.4", "malformed chunk size")
    return Bdat(int(size), last)
