"""Notifications by mail (RFC 5436). Pure."""

from __future__ import annotations

from services.delivery.sieve.answering import Stamp
from shared.mail.compose import field, folded, mailbox, parse_mailbox, text_part
from shared.sieve.extensions.enotify import mailto
from shared.sieve.message import Message
from shared.sieve.outcome import Notify

_IMPORTANCE = {1: "high", 2: "normal", 3: "low"}
_SAFE = frozenset({"reply-to", "in-reply-to", "references", "keywords", "comments", "list-id"})


def notification(notify: Notify, message: Message, user: str, stamp: Stamp) -> tuple[tuple[str, ...], bytes]:
    """Recipients and the letter."""
    recipients, fields = mailto(notify.method)
    origin = parse_mailbox(notify.sender) or (user, "")
    subjects = message.values("subject")
    subject = notify.message or fields.get("subject") or (subjects[0] if subjects else "")
    lines = [
        f'Auto-Submitted: auto-notified; owner-email="{_quoted(user)}"\r\n'.encode("ascii", "replace"),
        folded("From", [mailbox(*origin)]),
        folded("To", [f"{address}," for address in recipients[:-1]] + [recipients[-1]]),
        field("Subject", subject),
        stamp.fields,
        folded("Importance", [_IMPORTANCE[notify.importance]]),
        *[field(name.title(), value) for name, value in fields.items() if name in _SAFE],
        b"MIME-Version: 1.0\r\n",
    ]
    content, body = text_part(fields.get("body", ""))
    return recipients, b"".join([*lines, content, b"\r\n", body])


def _quoted(address: str) -> str:
    return address.replace("\\", "\\\\").replace('"', '\\"')
