"""POP3 (RFC 1939) from the server's side: octets in, commands and SASL responses out.

Which of the two the next line is, only the server knows, so it asks for one or the other. A line that is too long to
be either is beyond repair: `LineTooLong`, and the connection ends.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.pop3.errors import CommandError

LINE_LIMIT = 12_288  # octets; a whole SASL response in base64 (RFC 5034 section 4)
COMMAND_LIMIT = 1_024  # octets of any other command; RFC 2449 section 4 asks for 255


class Command(NamedTuple):
    """``name`` in upper case; ``argument`` is all that follows the first space, as it came."""

    name: str
    argument: bytes


class Pop3Core:
    """The reading half of one session."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = ReceiveBuffer()

    def feed(self, data: bytes) -> None:
        self._buffer.feed(data)

    def __len__(self) -> int:
        """Octets received and not yet asked for."""
        return len(self._buffer)

    def next_command(self) -> Command | None:
        """The next command, or None while its line has no end.

        Raises `CommandError` for a line to be refused, after which reading may go on, and `LineTooLong`.
        """
        line = self._buffer.next_line(LINE_LIMIT)
        if line is None:
            return None
        word, _, argument = line.partition(b" ")
        if not word.isalnum():
            raise CommandError("not a command")
        name = word.upper().decode("ascii")
        if len(line) > COMMAND_LIMIT and name != "AUTH":
            raise CommandError("command too long")
        if b"\0" in argument:
            raise CommandError("NUL in a command")
        return Command(name, argument)

    def next_response(self) -> bytes | None:
        """The next line as the answer to a SASL challenge, or None. Raises `LineTooLong`."""
        return self._buffer.next_line(LINE_LIMIT)

    def clear(self) -> None:
        """Forget what was received, as STLS demands (RFC 2595 section 4)."""
        self._buffer.clear()
