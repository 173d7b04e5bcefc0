"""How a command fails, in the words of IMAP, and what the errors of other rooms mean in them.

The client is told little: a status, a code of RFC 5530 and a fixed text. The log has the rest. Only of what it asked
itself, and what can never be or is too much, it hears why, in storage's own words, which hold nothing of the request.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.base.errors import EilpostError
from shared.contracts.errors import Code, Refused, Unavailable
from shared.protocols.imap.errors import ParseError


class No(EilpostError):
    """The command cannot be done. ``code`` is a response code without brackets, or ""."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Bad(EilpostError):
    """The client must not ask this: wrong state, a number that no message has. ``code`` is as in `No`."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Bye(EilpostError):
    """The session cannot go on; said to the client before the connection is closed."""


class Failure(NamedTuple):
    """A tagged response that is not OK."""

    status: str
    code: str
    text: str


_BY_CODE = {
    Code.MALFORMED: Failure("NO", "SERVERBUG", "This did not work"),
    Code.FORBIDDEN: Failure("NO", "SERVERBUG", "This did not work"),
    Code.LOGIN_FAILED: Failure("NO", "AUTHENTICATIONFAILED", "Authentication failed"),
    Code.THROTTLED: Failure("NO", "UNAVAILABLE", "Too many failed logins, try again later"),
    Code.NOT_FOUND: Failure("NO", "NONEXISTENT", "No such mailbox"),
    Code.ALREADY_EXISTS: Failure("NO", "ALREADYEXISTS", "There is such a mailbox already"),
    Code.CANNOT: Failure("NO", "CANNOT", "This can never be done"),
    Code.NO_RIGHT: Failure("NO", "NOPERM", "Permission denied"),
    Code.OVER_QUOTA: Failure("NO", "OVERQUOTA", "Quota exceeded"),
    Code.LIMIT: Failure("NO", "LIMIT", "Too much at once"),
    Code.IN_USE: Failure("NO", "INUSE", "In use by another session"),
    Code.STALE: Failure("NO", "UNAVAILABLE", "Try again"),
    Code.CONFLICT: Failure("NO", "SERVERBUG", "This did not work"),
    Code.UNAVAILABLE: Failure("NO", "UNAVAILABLE", "Try again later"),
}

_EXPLAINED = frozenset({Code.CANNOT, Code.LIMIT})

TEMPORARY = _BY_CODE[Code.UNAVAILABLE]
BUG = _BY_CODE[Code.MALFORMED]


def failure(error: EilpostError) -> Failure:
    """What the client is told of an error that a command raised."""
    match error:
        case No():
            return Failure("NO", error.code, error.text)
        case Bad():
            return Failure("BAD", error.code, str(error))
        case ParseError():
            return Failure(error.status, error.code, error.text)
        case Refused():
            return _refusal(error)
        case Unavailable():
            return TEMPORARY
    return BUG


def _refusal(error: Refused) -> Failure:
    known = _BY_CODE.get(error.code, BUG)
    if error.code not in _EXPLAINED or not error.text:
        return known
    return known._replace(text=error.text[0].upper() + error.text[1:])


def try_create(error: Refused) -> EilpostError:
    """A target that is not there: the client may CREATE it and ask again (RFC 3501 section 7.1)."""
    if error.code is Code.NOT_FOUND:
        return No("No such mailbox", "TRYCREATE")
    return error
