"""Which terms of a letter's way we offer to whom: whoever asks for others gets a plain no at MAIL.

REQUIRETLS is offered under TLS only (RFC 8689 section 2), the rest to our own users, whose letters wait in our spool:
a stranger's are for mailboxes of ours, and are there at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from time import time

from services.smtp.context import Context
from services.smtp.roles import Role
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.terms import Terms

NOT_OFFERED = reply(555, "5.5.4", "Parameter is not supported here")
HELD_TOO_LONG = reply(501, "5.5.4", "That is later than we hold letters")


def keywords(context: Context) -> tuple[str, ...]:
    """What EHLO says."""
    words: tuple[str, ...] = ("REQUIRETLS",) if context.talk.connection.tls else ()
    if context.role is Role.SUBMISSION:
        longest = context.shared.settings.longest_hold
        until = datetime.fromtimestamp(time() + longest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words += (f"FUTURERELEASE {longest} {until}", "DELIVERBY", "MT-PRIORITY")
    return words


def refusal(context: Context, terms: Terms) -> Reply | None:
    """Why these terms cannot be kept, None if they can."""
    if terms.require_tls and not context.talk.connection.tls:
        return NOT_OFFERED
    held = max(terms.hold_for or 0, (terms.hold_until or 0) - time())
    if held > context.shared.settings.longest_hold:
        return HELD_TOO_LONG
    rest = terms._replace(require_tls=False)
    return NOT_OFFERED if rest != Terms() and context.role is not Role.SUBMISSION else None


def held_until(terms: Terms, at: float) -> float:
    """Unix seconds before which nothing is tried, for a letter that came at ``at``; 0 for no such wish."""
    if terms.hold_for is not None:
        return at + terms.hold_for
    return float(terms.hold_until or 0)


def deliver_by(terms: Terms, at: float) -> float:
    """Unix seconds; 0 for no such wish."""
    return 0.0 if terms.by is None else at + terms.by
