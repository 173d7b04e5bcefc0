"""What is known of a message after its one parse."""

from __future__ import annotations

from typing import NamedTuple


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
