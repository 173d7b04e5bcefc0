"""What the sender of a refused letter gets (RFC 5429): a report of a failed delivery for ereject (RFC 3464), a notice
of a deleted message for reject (RFC 8098). Pure."""

from __future__ import annotations

from services.delivery.sieve.answering import Stamp
from shared.mail.compose import field, folded, mailbox, text_part
from shared.sieve.message import Message
from shared.sieve.outcome import Reject

_INTRODUCTION = "Your message was refused by the recipient's mail filtering program.\r\nThe reason given is:\r\n\r\n"
_HEADER = 32 * 1024  # octets of the refused letter that come back


def report(refused: Reject, message: Message, sender: str, recipient: str, original: str, stamp: Stamp) -> bytes:
    """The letter to ``sender``; ``recipient`` is the final one, ``original`` its ORCPT or ""."""
    kind = "delivery-status" if refused.in_protocol else "disposition-notification"
    boundary = f"={stamp.id}="
    fields = [
        folded("From", [mailbox(f"MAILER-DAEMON@{stamp.host}", "Mail Delivery System")]),
        folded("To", [mailbox(sender)]),
        field("Subject", "Your message was refused"),
        stamp.fields,
        b"Auto-Submitted: auto-replied (rejected)\r\nMIME-Version: 1.0\r\n",
        f'Content-Type: multipart/report; report-type={kind};\r\n\tboundary="{boundary}"\r\n\r\n'.encode(),
    ]
    content, body = text_part(_INTRODUCTION + refused.reason)
    status = _status if refused.in_protocol else _disposition
    parts = (
        content + b"\r\n" + body,
        f"Content-Type: message/{kind}\r\n\r\n".encode() + status(message, recipient, original, stamp),
        b"Content-Type: text/rfc822-headers\r\n\r\n" + _returned(message),
    )
    opening = f"--{boundary}\r\n".encode()
    return b"".join([*fields, *[opening + part + b"\r\n" for part in parts], f"--{boundary}--\r\n".encode()])


def _status(message: Message, recipient: str, original: str, stamp: Stamp) -> bytes:
    lines = [folded("Reporting-MTA", ["dns;", stamp.host]), b"\r\n"]
    if original:
        kind, _, address = original.partition(";")
        lines.append(folded("Original-Recipient", [f"{kind};{address}"]))
    lines += [
        folded("Final-Recipient", [f"rfc822;{recipient}"]),
        b"Action: failed\r\nStatus: 5.7.1\r\n",
        b"Diagnostic-Code: smtp; 550 5.7.1 refused by the recipient's mail filtering program\r\n",
    ]
    return b"".join(lines)


def _disposition(message: Message, recipient: str, original: str, stamp: Stamp) -> bytes:
    lines = [folded("Reporting-UA", [f"{stamp.host};", "Eilpost"])]
    if original:
        lines.append(folded("Original-Recipient", [original.replace(";", "; ", 1)]))
    lines.append(folded("Final-Recipient", [f"rfc822; {recipient}"]))
    for value in message.values("message-id")[:1]:
        lines.append(folded("Original-Message-ID", value.split()))
    lines.append(b"Disposition: automatic-action/MDN-sent-automatically; deleted\r\n")
    return b"".join(lines)


def _returned(message: Message) -> bytes:
    """The header block, cut at the end of a line."""
    header = message.octets[: len(message.header)][:_HEADER]
    text = header[: header.rfind(b"\n") + 1].replace(b"\0", b"?")
    return bytes([octet if octet < 128 else 63 for octet in text])
