"""How a policy says no to a message or a sender."""

from __future__ import annotations

from shared.base.errors import EilpostError
from shared.protocols.smtp.replies import Reply, reply


class Unacceptable(EilpostError):
    """``reply`` is what the client is told."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.reply: Reply = reply(code, enhanced, text)
