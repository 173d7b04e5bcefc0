"""What is known of a message after its one parse."""

from __future__ import annotations

from typing import NamedTuple

from shared.mail.address_list import Mailbox, first_mailbox
from shared.mail.charsets import decode
from shared.mail.dates import parse_date
from shared.mail.encoded_words import decode_words
from shared.mail.limits import DEFAULT, Limits
from shared.mail.parts import pack
from shared.mail.scanner import Scanner
from shared.mail.sort_keys import sort_keys
from shared.mail.tree import TreeBuilder

_SUBJECT, _MESSAGE_ID, _SENDER = 2_000, 1_000, 320  # characters kept
_READ = 16 * 1024  # octets of a field that are read for them


class Summary(NamedTuple):
    """A message as IMAP serves it: made once, at arrival, and read back as bytes ever after.

    All offsets count from the first octet of the stored message.
    """

    size: int  # octets
    header_size: int  # octets of the header block, its empty line included
    envelope: bytes  # IMAP envelope, parentheses included (RFC 3501 section 7.4.2)
    body_structure: bytes  # IMAP body with extension data, parentheses included
    parts: bytes  # msgpack table of MIME parts; see shared.mail.parts
    preview: str  # first text, at most 200 characters (RFC 8970)
    message_id: str
    subject: str  # decoded
    sender: str  # first From address, decoded
    date: int  # Date header as Unix seconds; 0 when it cannot be read
    sort_subject: str = ""  # from here on as in shared.mail.sort_keys
    sort_from: str = ""
    sort_to: str = ""
    sort_cc: str = ""
    shown_from: str = ""
    shown_to: str = ""
    thread: bytes = b""


class SummaryScanner:
    """Makes the `Summary` of a message while it passes by; memory does not grow with its bodies."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._tree = TreeBuilder(limits)
        self._scanner = Scanner(self._tree, limits)

    def feed(self, data: bytes) -> None:
        """The next octets of the message, in pieces of any size."""
        self._scanner.feed(data)

    def finish(self) -> Summary:
        """The summary of all that was fed. To be called once, and last."""
        size = self._scanner.finish()
        tree, fields = self._tree, self._tree.fields
        sender = first_mailbox(fields.get(b"from", b"")[:_READ])
        return Summary(
            size,
            tree.header_size,
            tree.envelope,
            tree.body_structure,
            pack(tree.rows),
            tree.preview.text(),
            _one_line(decode(fields.get(b"message-id", b"")[:_READ], "us-ascii"), _MESSAGE_ID),
            _one_line(decode_words(fields.get(b"subject", b"")[:_READ]), _SUBJECT),
            "" if sender is None else _one_line(_address(sender), _SENDER),
            parse_date(fields.get(b"date", b"")) or 0,
            *sort_keys(fields),
        )


def summarise(octets: bytes, limits: Limits = DEFAULT) -> Summary:
    """The summary of a whole message."""
    scanner = SummaryScanner(limits)
    scanner.feed(octets)
    return scanner.finish()


def _address(mailbox: Mailbox) -> str:
    local, domain = mailbox.local or b"", mailbox.domain or b""
    return decode(local + b"@" + domain if domain else local, "us-ascii")


def _one_line(text: str, limit: int) -> str:
    return text[:limit] if text.isprintable() else " ".join(text.split())[:limit]
