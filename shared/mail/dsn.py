"""Delivery status notifications (RFC 3464), in the internationalised form of RFC 6533 where ASCII does not do.

Pure: time and boundary are arguments. What strangers said is reduced to one printable line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.mail.dates import format_date

_LINE = 800  # characters of one field
FAILED, DELAYED, DELIVERED, EXPANDED, RELAYED = "failed", "delayed", "delivered", "expanded", "relayed"

_SUBJECTS = {
    FAILED: "Undelivered mail returned to sender",
    DELAYED: "Your mail is delayed",
    DELIVERED: "Your mail was delivered",
    EXPANDED: "Your mail was passed on",
    RELAYED: "Your mail was passed on",
}
_TEXTS = {
    FAILED: "Your message could not be delivered to:",
    DELAYED: "Your message has not been delivered yet; we go on trying. You need not send it again. It waits for:",
    DELIVERED: "Your message was delivered to:",
    EXPANDED: "Your message was passed on to all for whom this address stands, of whom you hear only if one fails:",
    RELAYED: "Your message was passed on to a server that sends no notices of delivery. It was for:",
}


class Told(NamedTuple):
    """What the report says of one recipient; times are Unix seconds."""

    address: str
    original: str  # ORCPT, "addr-type;address"; "" for none
    action: str  # FAILED | DELAYED | DELIVERED | EXPANDED | RELAYED
    status: str  # enhanced code
    reason: str
    remote: str = ""  # host name of the other server
    response: str = ""  # what it said
    attempted: float = 0.0
    retry_until: float = 0.0  # when delayed


class Subject(NamedTuple):
    """The letter that the report is about. ``message`` is returned: a header block, or all of it if ``whole``."""

    id: str
    sender: str
    message_id: str
    envelope_id: str
    arrived: float
    message: bytes
    whole: bool


def compose(subject: Subject, told: Sequence[Told], *, host: str, at: int, report: str) -> tuple[bytes, bool]:
    """The message, and whether it needs SMTPUTF8. ``host`` is our name, ``report`` the new letter's id."""
    addresses = (subject.sender, *[each.address for each in told], *[each.original for each in told])
    header = subject.message.partition(b"\r\n\r\n")[0]
    utf8 = not (all(address.isascii() for address in addresses) and header.isascii())
    boundary = f"report-{report}"
    worst = min(told, key=lambda each: list(_SUBJECTS).index(each.action)).action
    parts = (
        ("text/plain; charset=utf-8", _human(told, host)),
        (f"message/{'global-' if utf8 else ''}delivery-status", _machine(subject, told, host, utf8=utf8)),
        (_returned_type(subject, utf8=utf8), subject.message),
    )
    octets = _header(subject, worst, host=host, at=at, report=report, boundary=boundary, utf8=utf8)
    for kind, body in parts:
        encoding = b"" if body.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
        octets += b"\r\n--%b\r\nContent-Type: %b\r\n%b\r\n%b" % (boundary.encode(), kind.encode(), encoding, body)
    return octets + b"\r\n--%b--\r\n" % boundary.encode(), utf8


def _returned_type(subject: Subject, *, utf8: bool) -> str:
    if subject.whole:
        return "message/global" if utf8 else "message/rfc822"
    return "message/global-headers" if utf8 else "text/rfc822-headers"


def _header(subject: Subject, worst: str, *, host: str, at: int, report: str, boundary: str, utf8: bool) -> bytes:
    kind = "global-delivery-status" if utf8 else "delivery-status"
    lines = [
        f"From: Mail Delivery System <MAILER-DAEMON@{host}>",
        f"To: <{_line(subject.sender)}>",
        f"Subject: {_SUBJECTS[worst]}",
        f"Date: {format_date(at)}",
        f"Message-ID: <{report}@{host}>",
        *([f"References: {_line(subject.message_id)}"] if subject.message_id else ()),
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type={kind};\r\n\tboundary="{boundary}"',
    ]
    return "".join([line + "\r\n" for line in lines]).encode("utf-8", "replace")


def _human(told: Sequence[Told], host: str) -> bytes:
    lines = [f"This is the mail system at {host}."]
    for action, text in _TEXTS.items():
        some = [each for each in told if each.action == action]
        if some:
            lines += ["", text, ""]
        for each in some:
            lines.append(f"  {_line(each.address)}")
            if each.reason and action in (FAILED, DELAYED):
                lines.append(f"    {_line(each.reason)}")
    return "".join([line + "\r\n" for line in lines]).encode("utf-8", "replace")


def _machine(subject: Subject, told: Sequence[Told], host: str, *, utf8: bool) -> bytes:
    blocks = ["".join([line + "\r\n" for line in _about(subject, host)])]
    blocks += ["".join([line + "\r\n" for line in _about_one(each, utf8=utf8)]) for each in told]
    return "\r\n".join(blocks).encode("utf-8" if utf8 else "ascii", "replace")


def _about(subject: Subject, host: str) -> Iterator[str]:
    yield f"Reporting-MTA: dns; {host}"
    if subject.envelope_id:
        yield f"Original-Envelope-Id: {_line(subject.envelope_id)}"
    yield f"Arrival-Date: {format_date(int(subject.arrived))}"


def _about_one(told: Told, *, utf8: bool) -> Iterator[str]:
    if told.original:
        yield f"Original-Recipient: {_line(told.original)}"
    yield f"Final-Recipient: {'rfc822' if told.address.isascii() or not utf8 else 'utf-8'}; {_line(told.address)}"
    yield f"Action: {told.action}"
    yield f"Status: {told.status}"
    if told.remote:
        yield f"Remote-MTA: dns; {_line(told.remote)}"
    if told.response:
        yield f"Diagnostic-Code: smtp; {_line(told.response)}"
    elif told.reason and told.action in (FAILED, DELAYED):
        yield f"Diagnostic-Code: x-eilpost; {_line(told.reason)}"
    if told.attempted:
        yield f"Last-Attempt-Date: {format_date(int(told.attempted))}"
    if told.retry_until:
        yield f"Will-Retry-Until: {format_date(int(told.retry_until))}"


def _line(text: str) -> str:
    text = text[:_LINE]
    return text if text.isprintable() else "".join([each if each.isprintable() else "?" for each in text])
