"""What messages are known by in all mailboxes and for ever (RFC 8474 section 5). Pure.

Nothing is kept for them: both follow from what a message never changes, so they are the same wherever it is copied,
and no two that differ in anything that IMAP calls immutable have one EMAILID.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from shared.mail.headers import collect

EMAIL, THREAD = 12, 8  # octets

_FIELDS = frozenset((b"references", b"in-reply-to", b"message-id"))
_LINES = 10_000  # of a header block that are read
_READ = 16 * 1024  # octets of a field that are read
_ID = re.compile(rb"<([^<>]*@[^<>]*)>")
_QUOTING = re.compile(rb'["\\\s]')


def email(hash: bytes, date: int, prefix: bytes) -> bytes:
    """Of a message: its content's hash, its internal date, and what this copy has in front of the content."""
    return blake2b(b"%b%d %b" % (hash, date, prefix), digest_size=EMAIL).digest()


def thread(hash: bytes, header: bytes) -> bytes:
    """Of the letter that began the conversation, as far as the header tells; ``hash`` stands in for a missing id."""
    found = collect(header, _FIELDS, _LINES)
    for name in (b"references", b"in-reply-to", b"message-id"):
        first = _ID.search(found.get(name, b"")[:_READ])
        if first is not None:
            return blake2b(_QUOTING.sub(b"", first[1]), digest_size=THREAD).digest()
    return hash[:THREAD]
