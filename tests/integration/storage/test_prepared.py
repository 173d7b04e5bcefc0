"""Statements that go straight to the driver say and find what SQLAlchemy's own way would."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import bindparam, delete, insert, select, tuple_, update

from services.storage.engines.prepared import Prepared
from services.storage.tables.schema import acl
from tests.support.storage import Store

ADD = Prepared(insert(acl), "mailbox_id", "account_id", "rights", "negative")
COLUMNS = (acl.c.mailbox_id, acl.c.negative, acl.c.rights)
HERE = acl.c.mailbox_id.in_(bindparam("mailboxes", expanding=True))
FIND = Prepared(
    select(*COLUMNS)
    .where(HERE, acl.c.rights != "", acl.c.account_id > bindparam("above"))
    .order_by(acl.c.mailbox_id),
    "above",
    "mailboxes",
)
PAIRED = Prepared(
    select(acl.c.rights)
    .where(tuple_(acl.c.mailbox_id, acl.c.account_id).in_(bindparam("pairs", expanding=True)))
    .order_by(acl.c.rights),
    "pairs",
)
RENAME = Prepared(
    update(acl).where(acl.c.mailbox_id == bindparam("of")).values(negative=True, rights=bindparam("to")), "to", "of"
)
REMOVE = Prepared(delete(acl).where(HERE), "mailboxes")


@pytest.fixture
def store(store: Store) -> Store:
    rows = [(1, 11, "l", False), (2, 12, "lr", True), (3, 13, "lrs", False)]
    with store._writer.begin():
        ADD.run_many(store._writer, rows)
        ADD.run_many(store._writer, [])
    return store


@pytest.mark.parametrize("wanted", [(), (2,), (1, 3), (3, 2, 1), (91, 92, 93, 2, 3)])
def test_lists_of_all_lengths_find_their_rows(store: Store, wanted: Sequence[int]) -> None:
    everything = [(1, False, "l"), (2, True, "lr"), (3, False, "lrs")]
    with store._reader.begin():
        found = FIND.rows(store._reader, 0, list(wanted))
    assert found == [row for row in everything if row[0] in wanted]
    assert all(type(row[1]) is bool for row in found)


def test_lists_of_pairs_find_their_rows(store: Store) -> None:
    with store._reader.begin():
        assert PAIRED.rows(store._reader, [(1, 11), (2, 11), (3, 13)]) == [("l",), ("lrs",)]
        assert PAIRED.rows(store._reader, []) == []


def test_values_and_constants_reach_their_places(store: Store) -> None:
    with store._writer.begin():
        RENAME.run(store._writer, "a", 1)
        RENAME.run_many(store._writer, [("b", 2), ("c", 3)])
        assert FIND.rows(store._writer, 0, [1, 2, 3]) == [(1, True, "a"), (2, True, "b"), (3, True, "c")]
        REMOVE.run(store._writer, [1, 3, 90])
        assert FIND.rows(store._writer, 0, [1, 2, 3]) == [(2, True, "b")]
