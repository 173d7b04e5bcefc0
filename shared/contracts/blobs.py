"""Bodies too large for the bus: tickets for storage's data port, and the summary that rides with a body.

A body of at most `INLINE` octets travels in the call itself. A larger one is streamed over HTTP: an
upload is ``PUT <url>`` and is answered, once its octets are on stable storage, with 201 and the upload's id
already known to the caller; a download is ``GET <url>``, with ``Range``. The URL holds a ticket signed by
storage for one body, one direction and a short time. An upload that no commit names is swept.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services

INLINE = 256 * 1024  # octets


class Summary(NamedTuple):
    """What is known of a message after its one parse, in the form in which IMAP serves it.

    Made by `shared.mail.summary`; all offsets count from the first octet of the stored message.
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


class Body(NamedTuple):
    """A message handed in: its octets, or the id of a finished upload (and then ``octets`` is empty)."""

    octets: bytes
    upload: str = ""


class UploadRequest(NamedTuple):
    limit: int  # octets; storage cuts the connection beyond


class UploadTicket(NamedTuple):
    upload: str
    url: str


upload = Op("blobs.upload", UploadRequest, UploadTicket, services("smtp imap"), 8.0, Repeat.SAFE)
