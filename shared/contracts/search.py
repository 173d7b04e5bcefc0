"""Search in text. Flags, dates, sizes and UIDs are searched by the front in its view; what needs the
words of messages is asked here, leaf by leaf, and the front combines the answers."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services


class Field(StrEnum):
    HEADER = "header"  # the header field `name` contains the text; empty text: the field is there
    BODY = "body"  # decoded text of the body (RFC 3501 section 6.4.4)
    TEXT = "text"  # header or body
    SENT = "sent"  # Date header: `text` is "<", "=" or ">=" followed by days since 1970, time and zone disregarded


class Leaf(NamedTuple):
    """Case-insensitive substring (i;unicode-casemap) after decoding of charsets and transfer encodings."""

    field: Field
    name: str
    text: str


class Search(NamedTuple):
    grant: bytes
    mailbox: int
    uids: bytes  # candidates, packed u32
    leaves: tuple[Leaf, ...]


class Found(NamedTuple):
    matches: tuple[bytes, ...]  # packed UIDs for each leaf, in the order asked


search = Op("search.text", Search, Found, services("imap"), 30.0, Repeat.SAFE)
