"""Parts of a transaction: what is undone leaves no trace, what is kept stays, in whatever order they come."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.storage.engines.database import Reach
from services.storage.engines.open import open_database
from services.storage.tables.schema import domain, metadata
from tests.support import databases

pytestmark = [pytest.mark.sqlite, pytest.mark.postgresql]

BESIDE = Reach()


@pytest.mark.parametrize("reach", [None, BESIDE, Reach((1, 2)), Reach(mailboxes=(7,))])
@pytest.mark.parametrize("kept", ["yes", "no", "yn", "ny", "nny", "yynyn", "nyyn"])
def test_only_what_is_kept_stays(tmp_path: Path, reach: Reach | None, kept: str) -> None:
    database = open_database(databases.url_in(tmp_path))
    with database.writer() as connection:
        if not database.shared:
            with connection.begin():
                metadata.create_all(connection)
        for turn in range(2):
            with database.transaction(connection, reach):
                for place, verdict in enumerate(kept):
                    database.savepoint(connection)
                    connection.execute(insert(domain), {"name": f"{turn}{place}.example"})
                    (database.keep if verdict == "y" else database.undo)(connection)
                connection.execute(insert(domain), {"name": f"{turn}end.example"})
    database.close()
    wanted = {f"{turn}{place}.example" for turn in range(2) for place, verdict in enumerate(kept) if verdict == "y"}
    assert {name for (name,) in databases.look(tmp_path, "SELECT name FROM domain")} == wanted | {
        "0end.example",
        "1end.example",
    }


def test_a_part_that_failed_hurts_neither_the_one_before_nor_the_next(tmp_path: Path) -> None:
    database = open_database(databases.url_in(tmp_path))
    with database.writer() as connection:
        if not database.shared:
            with connection.begin():
                metadata.create_all(connection)
        with database.transaction(connection, BESIDE):
            database.savepoint(connection)
            connection.execute(insert(domain), {"name": "one.example"})
            database.keep(connection)
            database.savepoint(connection)
            with pytest.raises(IntegrityError):
                connection.execute(insert(domain), {"name": "one.example"})
            database.undo(connection)
            database.savepoint(connection)
            connection.execute(insert(domain), {"name": "two.example"})
            database.keep(connection)
    database.close()
    found = databases.look(tmp_path, "SELECT name FROM domain ORDER BY name")
    assert [name for (name,) in found] == ["one.example", "two.example"]
