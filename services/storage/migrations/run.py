"""The schema's age, checked at every start; migrations, run when it is too old. There is no way back.

Alembic costs a quarter of a second and ten megabytes: it is imported only when there is something to migrate.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from services.storage.engines.collation import order_by_octets
from shared.base.errors import StartError

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
    "0024",
)  # oldest first; the last is what this program is written for
LATEST = REVISIONS[-1]


def migrate(connection: Connection) -> bool:
    """Bring the schema up to date, in the caller's transaction; whether there was anything to do.

    Raises `StartError` for a database of a newer program, with nothing touched.
    """
    revision = _present(connection)
    if revision == LATEST:
        return False
    if revision is not None and revision not in REVISIONS:
        raise StartError(f"the database has schema {revision}, newer than this program, which knows {LATEST}")
    _upgrade(connection)
    return True


def _present(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "services.storage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, LATEST)
    order_by_octets(connection)
