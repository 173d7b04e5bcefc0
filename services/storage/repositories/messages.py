"""Message rows: picking them by UID, and the statements that add, change and remove them.

A set of UIDs is asked for in the form that costs least: as one span of the primary key when it is dense, else in
lists; several mailboxes at once when all of it is small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Index,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from services.storage.engines.prepared import Prepared
from services.storage.rules.flags import DELETED, FIRST_INTERNED
from services.storage.tables.schema import flagset, message

LISTED = 500  # UIDs in one list
SPANNED = 20_000  # UIDs in one span
PAIRED = 1_000  # (mailbox, UID) pairs in one list
DENSE = 4  # a span may hold this many times the UIDs that are wanted

MARKED = or_(  # what carries \\Deleted
    message.c.flagset_id.in_([number for number in range(FIRST_INTERNED) if number & DELETED]),
    message.c.flagset_id.in_(select(flagset.c.id).where(flagset.c.bits.op("&")(DELETED) != 0)),
)
MARKED_OCTETS = select(cast(func.coalesce(func.sum(message.c.size), 0), BigInteger)).where(
    message.c.mailbox_id == bindparam("mailbox"), MARKED
)
REFLAG = Prepared(
    update(message)
    .where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid == bindparam("of"))
    .values(flagset_id=bindparam("flagset"), modseq=bindparam("now")),
    "mailbox",
    "of",
    "flagset",
    "now",
)
REMOVE = Prepared(
    delete(message).where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid == bindparam("of")),
    "mailbox",
    "of",
)


class Message(NamedTuple):
    """A whole row, in the order of the table."""

    mailbox_id: int
    uid: int
    content_id: int
    modseq: int
    flagset_id: int
    size: int  # octets, prefix included
    date: int  # Unix seconds
    saved: int  # Unix seconds
    prefix: bytes

    @property
    def view(self) -> tuple[int, int, int, int, int]:
        """The fields of `changes.Row`."""
        return self.uid, self.modseq, self.flagset_id, self.size, self.date


ADD = Prepared(insert(message), *Message._fields)


class Picker:
    """A prepared question for some columns of messages; each row begins with mailbox id and UID.

    ``index``: one whose table is joined and need not be read, since the index has all ``columns``.
    """

    def __init__(
        self, *columns: ColumnElement[Any], source: FromClause = message, index: Index | None = None
    ) -> None:
        base = select(message.c.mailbox_id, message.c.uid, *columns).select_from(source)
        if index is not None and index.table is not None:
            base = base.with_hint(index.table, f"INDEXED BY {index.name}", "sqlite")
        base = base.order_by(message.c.mailbox_id, message.c.uid)
        here = base.where(message.c.mailbox_id == bindparam("mailbox"))
        span = here.where(message.c.uid.between(bindparam("first"), bindparam("last")))
        listed = here.where(message.c.uid.in_(bindparam("uids", expanding=True)))
        paired = base.where(tuple_(message.c.mailbox_id, message.c.uid).in_(bindparam("pairs", expanding=True)))
        self._span = Prepared(span, "mailbox", "first", "last")
        self._listed = Prepared(listed, "mailbox", "uids")
        self._paired = Prepared(paired, "pairs")

    def pick(self, connection: Connection, wanted: Mapping[int, Sequence[int]]) -> list[Any]:
        """Rows of the messages that are there, by mailbox and UID. ``wanted`` holds ascending UIDs by mailbox id."""
        asked = {number: uids for number, uids in wanted.items() if uids}
        if len(asked) > 1 and sum(map(len, asked.values())) <= PAIRED:
            pairs = [(number, uid) for number, uids in asked.items() for uid in uids]
            return self._paired.rows(connection, pairs)
        pages = (page for number, uids in asked.items() for page in self.pages(connection, number, uids, SPANNED))
        return [row for page in pages for row in page]

    def pages(
        self, connection: Connection, mailbox: int, uids: Sequence[int], size: int = LISTED
    ) -> Iterator[list[Any]]:
        """The same for one mailbox, read no further than the caller goes: at least ``size`` UIDs a page."""
        if not uids:
            return
        if uids[-1] - uids[0] < DENSE * len(uids):
            for start in range(0, len(uids), size):
                yield self._dense(connection, mailbox, uids[start : start + size])
            return
        for start in range(0, len(uids), LISTED):
            yield self._listed.rows(connection, mailbox, list(uids[start : start + LISTED]))

    def _dense(self, connection: Connection, mailbox: int, uids: Sequence[int]) -> list[Any]:
        first, last = uids[0], uids[-1]
        rows = self._span.rows(connection, mailbox, first, last)
        if last - first == len(uids) - 1:
            return rows
        wanted = set(uids)
        return [row for row in rows if row[1] in wanted]


VIEW = Picker(message.c.modseq, message.c.flagset_id, message.c.size, message.c.date)
WHOLE = Picker(
    *(message.c[name] for name in Message._fields[2:])  # each row has the fields of `Message`
)


def add(connection: Connection, rows: Sequence[Message]) -> None:
    """Insert rows."""
    ADD.run_many(connection, rows)


def reflag(connection: Connection, rows: Sequence[tuple[int, int, int, int]]) -> None:
    """Set flags and modseq: rows of mailbox, UID, flag set, modseq."""
    REFLAG.run_many(connection, rows)


def marked_octets(connection: Connection, mailbox: int) -> int:
    """What an EXPUNGE of a mailbox would free; looks at each of its messages."""
    octets: int = connection.execute(MARKED_OCTETS, {"mailbox": mailbox}).scalar_one()
    return octets


def remove(connection: Connection, mailbox: int, uids: Sequence[int]) -> None:
    """Delete rows; their history and their content are the caller's."""
    REMOVE.run_many(connection, [(mailbox, uid) for uid in uids])
