"""ManageSieve (RFC 5804) from the server's side: octets in, commands and SASL responses out.

Which of the two comes next, only the server knows, so it asks for one or the other. A literal is never waited for
with a continuation: clients send them at once. One that is too large is read over, so that the next command is found;
one beyond all measure ends the connection.

Invariant: however the input is cut, the same comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shared.protocols.buffer import ReceiveBuffer
from shared.protocols.managesieve import tokens
from shared.protocols.managesieve.errors import Beyond, CommandError, TooLarge
from shared.protocols.managesieve.tokens import Token, Word


@dataclass(frozen=True)
class Limits:
    """In octets; all literals of a command count together."""

    line: int = 16 * 1024  # a SASL response in one quoted string among them
    before_login: int = 16 * 1024
    after_login: int = 128 * 1024
    skipped: int = 16 * 1024 * 1024  # of a literal that is too large


class Command(NamedTuple):
    """``name`` in upper case."""

    name: str
    arguments: tuple[Token, ...]


class ManageSieveCore:
    """The reading half of one session."""

    __slots__ = ("_buffer", "_error", "_limits", "_most", "_remaining", "_room", "_skip", "_tokens")

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._most = limits.before_login
        self._buffer = ReceiveBuffer()
        self._start()

    def feed(self, data: bytes) -> None:
        self._buffer.feed(data)

    def __len__(self) -> int:
        """Octets received and not yet asked for."""
        return len(self._buffer)

    def log_in(self, *, out: bool = False) -> None:
        """The limits for those who are logged in hold (``out``: those for strangers). Between two commands only."""
        self._most = self._room = self._limits.before_login if out else self._limits.after_login

    def clear(self) -> None:
        """Forget what was received, as STARTTLS demands (RFC 5804 section 2.2)."""
        self._buffer.clear()
        self._start()

    def next_command(self) -> Command | None:
        """The next command, or None while it is not complete.

        Raises `CommandError` for one to be refused, after which reading may go on; `LineTooLong` and `Beyond`.
        """
        found = self._next()
        if found is None:
            return None
        if not found or not isinstance(found[0], Word):
            raise CommandError("a command is expected")
        return Command(found[0].upper(), tuple(found[1:]))

    def next_response(self) -> bytes | None:
        """The answer to a SASL challenge, which is one string. Raises as `next_command` does."""
        found = self._next()
        if found is None:
            return None
        if len(found) != 1 or isinstance(found[0], Word):
            raise CommandError("one string is expected")
        return found[0]

    def _start(self) -> None:
        self._tokens: list[Token] = []
        self._remaining = -1  # octets to come of the literal at hand; -1: a line is next
        self._skip = 0  # ... of one that nobody wants
        self._room = self._most
        self._error: CommandError | None = None

    def _next(self) -> list[Token] | None:
        while True:
            if self._skip:
                taken = self._buffer.take_upto(self._skip)
                self._skip -= len(taken)
                if self._skip:
                    return None
            if self._remaining >= 0:
                octets = self._buffer.take(self._remaining)
                if octets is None:
                    return None
                self._tokens.append(octets)
                self._remaining = -1
            line = self._buffer.next_line(self._limits.line)
            if line is None:
                return None
            if self._take_line(line):
                continue
            found, error = self._tokens, self._error
            self._start()
            if error is not None:
                raise error
            return found

    def _take_line(self, line: bytes) -> bool:
        """Read one stretch of a command; whether a literal follows it."""
        if self._error is None:
            try:
                tokens.read(line, self._tokens)
            except CommandError as error:
                self._error = error
        size = tokens.announced(line)
        if size is None:
            return False
        if size > self._limits.skipped:
            self._start()
            raise Beyond("literal too large")
        if self._error is None and size > self._room:
            self._error = TooLarge("literal too large")
        if self._error is None:
            self._room -= size
            self._remaining = size
        else:
            self._skip = size
        return True
