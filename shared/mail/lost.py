"""What stands in the place of a message whose octets are lost, so that its owner reads what happened."""

from __future__ import annotations

from shared.mail.compose import field, folded, mailbox, text_part
from shared.mail.dates import format_date


def lost_message(hash: bytes, subject: str = "", sender: str = "", date: int = 0) -> bytes:
    """A message in place of the one that had this hash; ``subject``, ``sender`` and ``date`` are told where known."""
    known = [
        f"{name}: {value}"
        for name, value in (("From", sender), ("Subject", subject), ("Date", format_date(date) if date else ""))
        if value
    ]
    lines = [
        "The text of this message was lost on the mail server.",
        *(("This is what is still known of it:", "", *known, "") if known else ()),
        f"Its SHA-256 was {hash.hex()}.",
    ]
    content, body = text_part("\n".join(lines))
    head = (
        folded("From", [mailbox("MAILER-DAEMON@localhost.invalid", "Mail server")]),
        field("Subject", f"[lost] {subject}".rstrip()),
        field("Date", format_date(date)),
        b"MIME-Version: 1.0\r\n",
        content,
    )
    return b"".join((*head, b"\r\n", body))
