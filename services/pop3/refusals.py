"""What a client is told when storage refuses: text and response code for each `Code`, used by `session` alone."""

from __future__ import annotations

from shared.contracts.errors import Code
from shared.protocols.pop3.replies import ResponseCode

BUSY = ("try again later", ResponseCode.SYS_TEMP)
REFUSALS: dict[Code, tuple[str, ResponseCode | None]] = {
    Code.LOGIN_FAILED: ("wrong name or password", ResponseCode.AUTH),
    Code.GRANT_EXPIRED: ("log in again", ResponseCode.AUTH),
    Code.THROTTLED: ("too many failed logins; try again later", ResponseCode.SYS_TEMP),
    Code.IN_USE: ("another session has this maildrop", ResponseCode.IN_USE),
    Code.STALE: ("this maildrop was lost to another session; nothing was deleted", ResponseCode.IN_USE),
    Code.NOT_FOUND: ("no such message", None),
    Code.NO_RIGHT: ("not allowed", ResponseCode.SYS_PERM),
    Code.FORBIDDEN: ("not allowed", ResponseCode.SYS_PERM),
    Code.UNAVAILABLE: BUSY,
    Code.LIMIT: BUSY,
}
FINAL = frozenset({Code.GRANT_EXPIRED, Code.STALE, Code.IN_USE})  # nothing more is possible after login
