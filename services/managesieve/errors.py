"""How a command fails, in the words of ManageSieve, and what the errors of other rooms mean in them.

The client is told little: a text and a response code of RFC 5804 section 1.3. The log has the rest.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.base.errors import EilpostError
from shared.contracts.errors import Code, Refused
from shared.contracts.sieve import Limit


class No(EilpostError):
    """The command cannot be done. ``code`` is a response code without its parentheses."""

    def __init__(self, text: str, code: bytes = b"") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Failure(NamedTuple):
    text: str
    code: bytes = b""


BUSY = Failure("try again later", b"TRYLATER")
_BY_CODE = {
    Code.LOGIN_FAILED: Failure("authentication failed"),
    Code.THROTTLED: Failure("too many failed logins; try again later", b"TRYLATER"),
    Code.NOT_FOUND: Failure("there is no script of this name", b"NONEXISTENT"),
    Code.ALREADY_EXISTS: Failure("there is a script of this name already", b"ALREADYEXISTS"),
    Code.IN_USE: Failure("the script is active", b"ACTIVE"),
    Code.CANNOT: Failure("no script can have this name"),
    Code.OVER_QUOTA: Failure("no room", b"QUOTA"),
    Code.UNAVAILABLE: BUSY,
}
_BY_LIMIT = {
    Limit.SIZE: Failure("the script is too large", b"QUOTA/MAXSIZE"),
    Limit.SCRIPTS: Failure("there are too many scripts", b"QUOTA/MAXSCRIPTS"),
}
TOO_LARGE = _BY_LIMIT[Limit.SIZE]
FINAL = frozenset({Code.GRANT_EXPIRED, Code.FORBIDDEN})  # nothing more is possible with this login


def failure(refused: Refused) -> Failure:
    """What the client is told when storage refuses."""
    if refused.code is Code.LIMIT:
        return _BY_LIMIT.get(refused.data, BUSY)
    return _BY_CODE.get(refused.code, BUSY)
