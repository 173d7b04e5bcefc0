"""What messages are known by in all mailboxes and for ever (RFC 8474 section 5). Pure.

Nothing is kept for them alone: both follow from what a message never changes, so they are the same wherever it is
copied, and no two that differ in anything that IMAP calls immutable have one EMAILID.
"""

from __future__ import annotations

from hashlib import blake2b

EMAIL, THREAD = 12, 8  # octets


def email(hash: bytes, date: int, prefix: bytes) -> bytes:
    """Of a message: its content's hash, its internal date, and what this copy has in front of the content."""
    return blake2b(b"%b%d %b" % (hash, date, prefix), digest_size=EMAIL).digest()


def thread(hash: bytes, key: bytes) -> bytes:
    """Of the letter that began the conversation, as far as the message tells.

    ``key`` is what THREAD compares (`shared.mail.sort_keys.pack_thread`): behind the subject its own id, then those
    that it refers to, the oldest first. ``hash`` stands in for a missing id.
    """
    own, oldest = key[THREAD : 2 * THREAD], key[2 * THREAD : 3 * THREAD]
    return oldest or (own if any(own) else hash[:THREAD])
