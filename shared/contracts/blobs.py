"""Bodies too large for the bus: tickets for storage's data port, and the summary that rides with a body.

A body of at most `INLINE` octets travels in the call itself. A larger one is streamed over HTTP: an
upload is ``PUT <url>`` and is answered, once its octets are on stable storage, with 201 and the upload's id
already known to the caller; a download is ``GET <url>``, with ``Range``. The URL holds a ticket signed by
storage for one body, one direction and a short time. An upload that no commit names is swept.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services
from shared.mail.summary import Summary as Summary

INLINE = 256 * 1024  # octets


class Body(NamedTuple):
    """A message handed in: its octets, or the id of a finished upload (and then ``octets`` is empty)."""

    octets: bytes
    upload: str = ""


class UploadRequest(NamedTuple):
    limit: int  # octets; storage cuts the connection beyond


class UploadTicket(NamedTuple):
    upload: str
    url: str


upload = Op("blobs.upload", UploadRequest, UploadTicket, services("smtp imap delivery admin"), 8.0, Repeat.SAFE)
