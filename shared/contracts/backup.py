"""A copy of everything, taken while the server runs. Asked by an account of its own, which reads all mail.

A backup is begun, which pins all bodies that there are: until its lease ends, none is collected. Then the tables are
streamed from the data port, all of them as they are at one moment, and after that the bodies which the copy lacks are
asked for: a content never changes, so that they may come in any order, at any time, from any replica.

The stream is a sequence of msgpack values: a map ``{"schema", "sequences"}``; for each table a map
``{"table", "columns"}``, its rows as arrays and a map ``{"end", "rows"}``; last ``{"whole": true}``.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.blobs import Summary
from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services

BACKUP = services("backup")
CONTENT = "content"  # the table whose rows name the bodies, by the columns that follow
CONTENT_COLUMNS = ("id", "hash", "size", "uses", "created")

# A message's set of flags is a row of the table `flagset`, or below 32 the system flags of the number's bits.
SYSTEM_FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")


class Begin(NamedTuple):
    lease: float  # seconds


class Begun(NamedTuple):
    lease: str
    url: str  # of the tables
    schema: str  # revision
    files: str  # the folder of large bodies on storage's machine, "" where they are no files; ".zst" is compressed


class Extend(NamedTuple):
    """The lease goes on for so many seconds from now; 0 ends it. STALE: it has ended."""

    lease: str
    seconds: float


class Wanted(NamedTuple):
    """Contents by id, as the stream named them."""

    lease: str
    ids: tuple[int, ...]


class StoredContent(NamedTuple):
    """``octets``: the whole message, or its header block where ``url`` and ``location`` name the rest."""

    id: int
    hash: bytes
    summary: Summary
    octets: bytes
    url: str = ""
    location: str = ""  # below `Begun.files`


class Contents(NamedTuple):
    """As many of the first wanted ones as fit; ``answered`` counts those that are not there as well."""

    contents: tuple[StoredContent, ...]
    answered: int


begin = Op("backup.begin", Begin, Begun, BACKUP, 10.0, Repeat.SAFE)
extend = Op("backup.extend", Extend, Done, BACKUP, 10.0, Repeat.SAFE)
contents = Op("backup.contents", Wanted, Contents, BACKUP, 30.0, Repeat.SAFE)
