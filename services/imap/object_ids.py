"""Object ids as clients see them (RFC 8474): a letter that tells their kind, and what storage knows them by. Pure."""

from __future__ import annotations

from base64 import urlsafe_b64encode


def mailbox_id(number: int) -> bytes:
    """MAILBOXID: a mailbox's number in storage, which it keeps for life and no other gets."""
    return b"F%d" % number


def email_id(digest: bytes) -> bytes:
    """EMAILID."""
    return b"M" + _text(digest)


def thread_id(digest: bytes) -> bytes:
    """THREADID."""
    return b"T" + _text(digest)


def _text(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")
