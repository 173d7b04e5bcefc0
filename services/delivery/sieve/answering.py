"""Whom an automatic answer may go to (RFC 3834, RFC 5230 section 4), and what it says. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from shared.mail.address import AddressError, canonical
from shared.mail.compose import crlf, field, folded, mailbox, parse_mailbox, text_part
from shared.mail.dates import format_date
from shared.sieve.message import Message, header_end
from shared.sieve.outcome import Vacation

_ADDRESSED = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
_LISTS = ("list-id", "list-help", "list-subscribe", "list-unsubscribe", "list-post", "list-owner", "list-archive")
_MACHINES = re.compile(
    r"(owner-.*|.*-owner|.*-request|.*-bounces?|.*-relay|mailer(-daemon)?|listserv|majordomo|no-?reply|do-?not-?reply)\Z",
    re.IGNORECASE,
)
_BULK = frozenset({"bulk", "list", "junk"})
_ID = re.compile(r"<[^<>\s]{1,900}>")
_REFERENCES = 10


class Stamp(NamedTuple):
    """What a new letter needs of its maker: an id, the name of this installation, the time in Unix seconds."""

    id: str
    host: str
    now: float

    @property
    def date(self) -> bytes:
        """The field Date."""
        return f"Date: {format_date(int(self.now))}\r\n".encode()

    @property
    def message_id(self) -> bytes:
        """The field Message-ID."""
        return f"Message-ID: <{self.id}@{self.host}>\r\n".encode()

    @property
    def fields(self) -> bytes:
        """Both."""
        return self.date + self.message_id


def machine(message: Message, sender: str) -> str | None:
    """Why nobody is to hear of ``message`` at all, None when a person seems to have sent it to a few."""
    if not sender:
        return "the envelope names no sender"
    if _MACHINES.match(sender.rpartition("@")[0]):
        return "the sender is a program"
    if is_automatic(message):
        return "the letter was written by a program"
    if any(message.has(name) for name in _LISTS):
        return "the letter comes from a list"
    if any(value.lower() in _BULK for value in message.values("precedence")):
        return "the letter goes to many"
    return None


def is_automatic(message: Message) -> bool:
    """Whether a program says that it wrote ``message`` (RFC 3834 section 5)."""
    return any(value.split(";")[0].strip().lower() != "no" for value in message.values("auto-submitted"))


def refusal(message: Message, sender: str, own: Iterable[str]) -> str | None:
    """Why nobody is to be answered, None when the answer may go to ``sender``. ``own`` are the user's addresses."""
    problem = machine(message, sender)
    if problem is not None:
        return problem
    mine = {_canonical(address) for address in own}
    if _canonical(sender) in mine:
        return "the sender is the user"
    named = {f"{local}@{domain}" for name in _ADDRESSED for some in message.addresses(name) for local, domain in some}
    if mine.isdisjoint(map(_canonical, named)):
        return "the letter names the user nowhere"
    return None


def memory_key(handle: str, sender: str) -> str:
    """Under what it is remembered that ``sender`` was answered."""
    return "vacation:" + sha256(f"{len(handle)}:{handle}:{_canonical(sender)}".encode("utf-8", "replace")).hexdigest()


def answer(vacation: Vacation, message: Message, sender: str, user: str, stamp: Stamp) -> bytes:
    """The letter that goes to ``sender``."""
    origin = parse_mailbox(vacation.sender) or (user, "")
    subjects = message.values("subject")
    subject = vacation.subject or (f"Auto: {subjects[0]}" if subjects and subjects[0] else "Automated reply")
    fields = [
        folded("From", [mailbox(*origin)]),
        folded("To", [mailbox(sender)]),
        field("Subject", subject),
        stamp.fields,
        *_thread(message),
        b"Auto-Submitted: auto-replied (vacation)\r\nPrecedence: bulk\r\nMIME-Version: 1.0\r\n",
    ]
    content, body = _entity(vacation.text) if vacation.is_mime else text_part(vacation.text)
    return b"".join([*fields, content, b"\r\n", body])


def _thread(message: Message) -> list[bytes]:
    """In-Reply-To and References (RFC 5322 section 3.6.4)."""
    own = _ID.findall(" ".join(message.values("message-id")))[:1]
    if not own:
        return []
    earlier = _ID.findall(" ".join(message.values("references"))) or _ID.findall(
        " ".join(message.values("in-reply-to"))
    )
    return [folded("In-Reply-To", own), folded("References", [*earlier[-_REFERENCES:], *own])]


def _entity(text: str) -> tuple[bytes, bytes]:
    """The Content fields and the body of what a script wrote as a MIME entity; it sets no other field."""
    octets = crlf(text.encode("utf-8", "replace"))
    inside = Message(octets)
    end = header_end(octets)
    names = ("content-type", "content-transfer-encoding", "content-disposition", "content-language", "content-id")
    kept = [b"%b: %b\r\n" % (name.title().encode(), value) for name in names for value in inside.raw_values(name)[:1]]
    if not kept:
        return text_part(text)
    return b"".join(kept), octets[end:]


def _canonical(address: str) -> str:
    try:
        return canonical(address)
    except AddressError:
        return address.lower()
