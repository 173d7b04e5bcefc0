"""IMAP URLs of messages and their parts (RFC 5092), as far as CATENATE takes them: relative (RFC 4469 section 3)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.section import Section, parse_section
from shared.protocols.imap.tokens import MAX_NUMBER, Arguments, utf8_text

_URL = re.compile(
    r"(?:/(?P<mailbox>[^;]+?)/?(?:;UIDVALIDITY=(?P<uidvalidity>[0-9]{1,10})/?)?|/?)"
    r";UID=(?P<uid>[0-9]{1,10})"
    r"(?:/?;SECTION=(?P<section>[^;]+?))?"
    r"(?:/?;PARTIAL=(?P<first>[0-9]{1,10})(?:\.(?P<count>[0-9]{1,10}))?)?/?",
    re.IGNORECASE,
)


class MessageUrl(NamedTuple):
    """A message, or octets of it. ``mailbox`` is as clients write names, "" for the selected one; ``uidvalidity`` is
    0 where the URL gives none."""

    mailbox: str
    uidvalidity: int
    uid: int
    section: Section


def parse_url(url: str) -> MessageUrl:
    """What ``url`` names. Raises `ParseError` for what is no relative URL of a message."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ParseError("Not the relative URL of a message")
    mailbox = utf8_text(unquote_to_bytes(found["mailbox"] or ""))
    uid, uidvalidity = int(found["uid"]), int(found["uidvalidity"] or 0)
    if not 0 < uid <= MAX_NUMBER or "\0" in mailbox:
        raise ParseError("Not the relative URL of a message")
    section = unquote_to_bytes(found["section"] or "") + b"]"
    if found["first"] is not None:
        section += b"<%d.%d>" % (int(found["first"]), int(found["count"] or MAX_NUMBER))
    arguments = Arguments(section)
    parsed = parse_section(arguments, peek=True)
    arguments.finish()
    return MessageUrl("INBOX" if mailbox.upper() == "INBOX" else mailbox, uidvalidity, uid, parsed)
