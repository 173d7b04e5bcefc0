"""How a command of this service fails."""

from __future__ import annotations

from shared.base.errors import EilpostError
from shared.protocols.pop3.replies import ResponseCode


class CommandRefused(EilpostError):
    """The command is understood, and the answer is no. The text is shown to the client."""

    def __init__(self, text: str, code: ResponseCode | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class ReplyCut(EilpostError):
    """A reply that had begun cannot be finished: only the end of the connection tells the client."""
