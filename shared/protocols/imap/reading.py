"""What an `ImapCore` may be reading, and how much of it (no IO, no commands)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

CHUNK = 65536  # octets; the largest LiteralChunk


@dataclass(frozen=True)
class Limits:
    """In octets. A line's limit holds for each stretch between two literals; a whole command, the messages of an
    APPEND not counted, may have twice as many."""

    line_before_login: int = 8 * 1024
    line_after_login: int = 64 * 1024
    literal_before_login: int = 4 * 1024
    literal_after_login: int = 64 * 1024
    append: int = 50 * 1024 * 1024
    append_whole: int = 256 * 1024  # up to here messages come inside their Command, above as chunks


DEFAULT = Limits()


class Reading(Enum):
    """The states of a core: what the next octets are."""

    COMMAND = auto()  # a line of a command
    LITERAL = auto()  # a literal that is an argument
    MESSAGE = auto()  # (a part of) the message of an APPEND, to come whole
    OFFERED = auto()  # a large one: the session has to accept or refuse it
    CHUNKS = auto()  # ... accepted
    STRETCH = auto()  # what stands behind a message: often nothing but the line end
    TELLING = auto()  # a stretch that told several things
    DISCARD = auto()  # a literal that is on its way and nobody wants
    DISCARD_END = auto()  # the line behind it
    LINE = auto()  # one bare line, for IDLE and AUTHENTICATE
    DEAD = auto()
