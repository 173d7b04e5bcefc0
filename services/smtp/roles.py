"""What a listener is for."""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """The rules of a connection follow from the port it came in by."""

    MX = "mx"  # strangers hand in mail for our users
    SUBMISSION = "submission"  # our users hand in mail for anybody, after AUTH (RFC 6409)
    LMTP = "lmtp"  # software of the house hands in mail for our users (RFC 2033)


ALL = frozenset(Role)
SMTP = frozenset({Role.MX, Role.SUBMISSION})
SUBMISSION = frozenset({Role.SUBMISSION})
LMTP = frozenset({Role.LMTP})
