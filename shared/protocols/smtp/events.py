"""What the server core yields."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Command(NamedTuple):
    """One command line. ``verb`` is upper case; ``argument`` has no blanks around it."""

    verb: str
    argument: bytes


class Line(NamedTuple):
    """A line that is no command: the client's answer to an AUTH challenge."""

    octets: bytes


class DataChunk(NamedTuple):
    """Octets of a message, dot-stuffing undone."""

    octets: bytes


class DataEnd(NamedTuple):
    """The message (DATA) or the chunk (BDAT) is complete; commands follow."""


Event: TypeAlias = Command | Line | DataChunk | DataEnd
