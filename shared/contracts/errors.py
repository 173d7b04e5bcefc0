"""How a server says no to a caller: a closed set of codes, with a text for the log."""

from __future__ import annotations

from enum import StrEnum

from shared.base.errors import EilpostError, Temporary


class Code(StrEnum):
    """Why a server refused. The values are the wire form; none of them is ever shown to a mail client."""

    MALFORMED = "malformed"  # the request breaks its contract: a bug or an attack
    FORBIDDEN = "forbidden"  # this service may not call this, or the grant does not allow it
    GRANT_EXPIRED = "grant-expired"  # log in again: expired, account disabled, password changed
    LOGIN_FAILED = "login-failed"
    THROTTLED = "throttled"  # too many failed logins (`data` holds the seconds to wait), or letters of one account
    NOT_FOUND = "not-found"
    ALREADY_EXISTS = "already-exists"
    CANNOT = "cannot"  # the request can never succeed (bad name, INBOX deleted, ...)
    NO_RIGHT = "no-right"  # the object is visible but the user lacks the right (RFC 4314)
    OVER_QUOTA = "over-quota"
    LIMIT = "limit"  # a configured limit would be passed
    IN_USE = "in-use"  # somebody else holds the lock (POP3 maildrop)
    STALE = "stale"  # the lease or lock was lost to somebody else; drop the work
    CONFLICT = "conflict"  # the idempotency key was used for another request
    UNAVAILABLE = "unavailable"  # trouble of ours: try again


class Refused(EilpostError):
    """The server answered no. Surely not executed, except for `Code.UNAVAILABLE` (unknown)."""

    def __init__(self, code: Code, text: str = "", data: str = "") -> None:
        super().__init__(f"{code.value}: {text}" if text else code.value)
        self.code = code
        self.text = text
        self.data = data


class Unavailable(Temporary):
    """No answer: no server, no bus, or a deadline that passed.

    ``executed`` is False when the request surely did not run (no responders), None when nobody knows.
    """

    def __init__(self, text: str, *, executed: bool | None = None) -> None:
        super().__init__(text)
        self.executed = executed
