"""What a header must keep to, and what we put before it."""

from __future__ import annotations

import re

from services.smtp.config import SmtpSettings
from services.smtp.policy.verdict import Unacceptable
from shared.mail.dates import format_date
from shared.mail.headers import select

_FIELD_START = re.compile(rb"[!-9;-~]+[ \t]*:")


def check(header: bytes, settings: SmtpSettings, *, binary: bool = False) -> None:
    """Raise `Unacceptable` for a header beyond the limits, or one that has travelled in circles.

    Around a ``binary`` body nobody else looks at its line ends.
    """
    if binary and has_stray_ends(header):
        raise Unacceptable(554, "5.6.0", "Lone CR, lone LF or NUL in the header")
    if len(header) > settings.header_octets or header.count(b"\n") > settings.header_lines:
        raise Unacceptable(552, "5.3.4", "Message header larger than the limit")
    if len(header) > settings.header_field and _longest_field(header) > settings.header_field:
        raise Unacceptable(552, "5.3.4", "A header field is larger than the limit")
    if (b"\r\n" + header).lower().count(b"\r\nreceived:") > settings.hops:
        raise Unacceptable(554, "5.4.6", "Too many hops, this looks like a mail loop")


def has_stray_ends(header: bytes) -> bool:
    """Whether it holds NUL, or a CR or LF that is no line end."""
    pairs = header.count(b"\r\n")
    return b"\0" in header or header.count(b"\n") != pairs or header.count(b"\r") != pairs


def _longest_field(header: bytes) -> int:
    folded = header.replace(b"\r\n ", b"  ").replace(b"\r\n\t", b"  ")
    return max(map(len, folded.split(b"\r\n")))


def separator(header: bytes) -> bytes:
    """The empty line that a message without any header needs behind the fields we put before it."""
    return b"" if not header or _FIELD_START.match(header) else b"\r\n"


def without_bcc(header: bytes) -> bytes:
    """The header without Bcc, which nobody but the sender may see (RFC 5322 section 3.6.3)."""
    return select(header, (b"bcc", b"resent-bcc"), exclude=True) if b"bcc" in header.lower() else header


def missing_fields(header: bytes, settings: SmtpSettings, letter: str, at: int) -> bytes:
    """Date and Message-ID where a submitted message has none (RFC 6409 sections 8.1 and 8.2)."""
    names = {line.partition(b":")[0].rstrip(b" \t").lower() for line in header.split(b"\r\n")}
    added = ""
    if b"date" not in names:
        added = f"Date: {format_date(at)}\r\n"
    if b"message-id" not in names:
        added += f"Message-ID: <{letter}@{settings.hostname}>\r\n"
    return added.encode("ascii")
