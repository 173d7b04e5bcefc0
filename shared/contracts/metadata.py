"""Annotations of mailboxes and of the server (RFC 5464): small values under names like "/private/comment".

Names are in lower case. What is below "/private" belongs to the asking account, what is below "/shared" to all who
may see the mailbox. The name "" stands for the server instead of a mailbox. "/private/specialuse" of one's own
mailboxes is their special use (RFC 6154 section 4).
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Event, Op, Repeat, services

IMAP = services("imap")
ALL = -1  # every depth


class Annotation(NamedTuple):
    name: str
    value: bytes | None  # None: there is none, or there shall be none any more


class Get(NamedTuple):
    """Of each mailbox the annotations that ``entries`` name, and those at most ``depth`` levels below."""

    grant: bytes
    names: tuple[str, ...]
    entries: tuple[str, ...]
    depth: int = 0


class Annotated(NamedTuple):
    """What a mailbox has. ``refused``: a Code value where nothing may be told of it."""

    name: str
    annotations: tuple[Annotation, ...]
    refused: str = ""


class Found(NamedTuple):
    mailboxes: tuple[Annotated, ...]  # in the order asked; those at the end are left out where a frame would burst


class Set(NamedTuple):
    """All or none. Refused: NOT_FOUND, NO_RIGHT, and LIMIT with `data` "size" and the most octets, or "count"."""

    grant: bytes
    name: str
    annotations: tuple[Annotation, ...]


get = Op("metadata.get", Get, Found, IMAP, 8.0, Repeat.SAFE)
set = Op("metadata.set", Set, Done, IMAP, 8.0, Repeat.SAFE)


class MetadataChange(NamedTuple):
    """Annotations of a mailbox (0: the server) came or went; ``account``: whose own ones, 0 for shared ones."""

    mailbox: int
    account: int
    names: tuple[str, ...]
    author: str = ""  # session id that caused it


metadata_changed = Event("changes.metadata", MetadataChange, services("storage"), services("imap"), keyed=True)
