"""How the SMTP grammar says no. Each error holds the reply that tells the peer."""

from __future__ import annotations

from shared.protocols.errors import ProtocolError
from shared.protocols.smtp.replies import Reply, reply


class SmtpError(ProtocolError):
    """Something the peer sent is wrong; ``reply`` says what."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.reply: Reply = reply(code, enhanced, text)


class CommandError(SmtpError):
    """One command is refused; the session goes on."""


class Violation(SmtpError):
    """Framing is lost or was attacked: after the reply the connection must be closed, whatever else arrived."""


def argument_error(text: str, enhanced: str = "5.5.4") -> CommandError:
    """501: the command is known, its argument is not valid."""
    return CommandError(501, enhanced, text)
