"""Rows of annotations: read, written, and removed with what they belong to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from services.storage.engines.statements import insert_or_update
from services.storage.tables.annotations import annotation
from services.storage.tables.schema import Id

SERVER = 0  # in place of a mailbox
EVERYBODY = 0  # in place of an account

_SEEN = select(annotation.c.mailbox_id, annotation.c.name, annotation.c.value).where(
    annotation.c.mailbox_id.in_(bindparam("mailboxes", expanding=True)),
    annotation.c.account_id.in_(bindparam("accounts", expanding=True)),
)
ALL = _SEEN.order_by(annotation.c.mailbox_id, annotation.c.name)
NAMED = ALL.where(annotation.c.name.in_(bindparam("names", expanding=True)))
SIZES = select(annotation.c.name, func.length(annotation.c.value)).where(
    annotation.c.mailbox_id == bindparam("of"), annotation.c.account_id == bindparam("whose")
)
REMOVE = delete(annotation).where(
    annotation.c.mailbox_id == bindparam("of"),
    annotation.c.account_id == bindparam("whose"),
    annotation.c.name == bindparam("called"),
)
COPY = insert(annotation).from_select(
    ["mailbox_id", "account_id", "name", "value"],
    select(bindparam("to", type_=Id), annotation.c.account_id, annotation.c.name, annotation.c.value).where(
        annotation.c.mailbox_id == bindparam("source")
    ),
)


class Row(NamedTuple):
    mailbox: int
    name: str
    value: bytes


def seen(connection: Connection, mailboxes: Collection[int], asker: int, names: Sequence[str] | None) -> list[Row]:
    """What an account sees on mailboxes, by mailbox and name: shared ones and its own; ``names`` only, if given."""
    given: dict[str, object] = {"mailboxes": list(mailboxes), "accounts": [EVERYBODY, asker]}
    if names is None:
        return [Row(*row) for row in connection.execute(ALL, given)]
    return [Row(*row) for row in connection.execute(NAMED, {**given, "names": list(names)})]


def sizes(connection: Connection, mailbox: int, whose: int) -> dict[str, int]:
    """Octets of each annotation of one owner on a mailbox, by name."""
    return dict(connection.execute(SIZES, {"of": mailbox, "whose": whose}).all())


def put(connection: Connection, mailbox: int, whose: int, name: str, value: bytes | None) -> None:
    """Write one, or remove it."""
    if value is None:
        connection.execute(REMOVE, {"of": mailbox, "whose": whose, "called": name})
        return
    row = {"mailbox_id": mailbox, "account_id": whose, "name": name, "value": value}
    connection.execute(insert_or_update(connection, annotation, "value"), row)


def copy(connection: Connection, source: int, to: int) -> None:
    """Give a new mailbox all that another one has."""
    connection.execute(COPY, {"source": source, "to": to})


def remove(connection: Connection, mailboxes: Collection[int]) -> None:
    """Remove all annotations of mailboxes."""
    connection.execute(delete(annotation).where(annotation.c.mailbox_id.in_(list(mailboxes))))


def remove_all(connection: Connection, account: int) -> None:
    """Remove an account's own ones, wherever they are."""
    connection.execute(delete(annotation).where(annotation.c.account_id == account))
