"""What a backup holds, put back: all of it into an empty installation, or some messages into one that runs.

From `begin` to `finish` storage answers nobody else, so that nothing is filed into what is half there. `clear` is
called until there is no more: it removes what an earlier restoration left. Rows and contents may be sent again.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.blobs import Body, Summary
from shared.contracts.directory import Done
from shared.contracts.messages import New
from shared.contracts.op import Event, Op, Repeat, services

ADMIN = services("admin")


class Begin(NamedTuple):
    """CANNOT for a schema that is not the running program's; ALREADY_EXISTS when there is anything already."""

    schema: str


class Begun(NamedTuple):
    restoration: str


class Clear(NamedTuple):
    restoration: str


class Cleared(NamedTuple):
    more: bool


class Rows(NamedTuple):
    """Some rows of one table. STALE: another restoration has begun, or this one is finished."""

    restoration: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


class Content(NamedTuple):
    """``body`` is the whole, or an upload."""

    id: int
    hash: bytes
    uses: int
    created: int
    body: Body
    summary: Summary


class Contents(NamedTuple):
    restoration: str
    contents: tuple[Content, ...]


class Sequence(NamedTuple):
    """Numbers up to ``last`` have been given out, though their rows may be gone."""

    table: str
    last: int


class Finish(NamedTuple):
    """Everything is there. Storage starts again, and serves."""

    restoration: str
    sequences: tuple[Sequence, ...]
    keep_uidvalidity: bool = False  # nothing was given out after the backup: clients may keep what they know


class Stage(NamedTuple):
    """Told to all replicas of storage."""

    restoring: bool


begin = Op("restore.begin", Begin, Begun, ADMIN, 10.0, Repeat.SAFE)
clear = Op("restore.clear", Clear, Cleared, ADMIN, 60.0, Repeat.SAFE)
rows = Op("restore.rows", Rows, Done, ADMIN, 30.0, Repeat.SAFE)
contents = Op("restore.contents", Contents, Done, ADMIN, 30.0, Repeat.SAFE)
finish = Op("restore.finish", Finish, Done, ADMIN, 60.0, Repeat.SAFE)
stage = Event("restore.stage", Stage, services("storage"), services("storage"))


class Returned(NamedTuple):
    """A message that comes back: ``prefix`` stood in front of its content in the mailbox where it was."""

    new: New
    prefix: bytes


class File(NamedTuple):
    """Messages for one mailbox of an account, which is made where missing; quotas do not stop it."""

    key: str
    address: str
    mailbox: str
    messages: tuple[Returned, ...]


class Filed(NamedTuple):
    messages: int


file = Op("restore.file", File, Filed, ADMIN, 30.0, Repeat.KEYED)
