"""The replies that more than one room gives."""

from __future__ import annotations

from services.smtp.roles import Role
from shared.protocols.smtp.replies import Reply, reply

OK = reply(250, "2.0.0", "Ok")
SEND = reply(354, "", "End data with <CR><LF>.<CR><LF>")
UNKNOWN_COMMAND = reply(500, "5.5.1", "Command not recognized")
BAD_SEQUENCE = reply(503, "5.5.1", "Bad sequence of commands")
TROUBLE = reply(451, "4.3.0", "Temporary trouble, please try again")
TOO_LARGE = reply(552, "5.3.4", "Message larger than the limit")
NEEDS_TLS = reply(538, "5.7.11", "Encryption required for this mechanism")
NEEDS_AUTH = reply(530, "5.7.0", "Authentication required")

TOO_MANY_RECIPIENTS = reply(452, "4.5.3", "Too many recipients")

TIMEOUT = reply(421, "4.4.2", "Timeout, closing connection")
SHUTTING_DOWN = reply(421, "4.3.2", "Shutting down, please try again")
TOO_MANY_ERRORS = reply(421, "4.7.0", "Too many errors, closing connection")
TOO_MANY_CONNECTIONS = reply(421, "4.7.0", "Too many connections, try again later")
LOGIN_EXPIRED = reply(421, "4.7.0", "Login expired, closing connection")
INTERNAL = reply(421, "4.3.0", "Internal trouble, closing connection")


def greeting(hostname: str, role: Role) -> Reply:
    """The first words of a session."""
    return reply(220, "", f"{hostname} {'LMTP' if role is Role.LMTP else 'ESMTP'} Eilpost")


_CLOSING = frozenset({221, 421, 521})


def closes(said: Reply) -> bool:
    """Whether the connection ends with this reply."""
    return said.code in _CLOSING
