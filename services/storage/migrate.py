"""``python -m services.storage.migrate``: bring the database's schema up to date, and end.

Storage does so itself when it starts. Whoever starts many of them may want it done before, once, and be told if it
fails. What the program before this one needs stays in place, so it may go on running meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path

from services.storage.config import StorageSettings
from services.storage.engines.open import open_database
from services.storage.migrations.run import LATEST, migrate
from shared.base.errors import ConfigurationError, StartError
from shared.base.settings import load

EX_START, EX_CONFIG = 1, 78


def main() -> None:
    """Exit code 0 when the schema is up to date, 1 when that could not be, 78 when the configuration is unusable."""
    parser = argparse.ArgumentParser(prog="eilpost migrate")
    parser.add_argument("--config", default=os.environ.get("EILPOST_CONFIG"))
    options = parser.parse_args()
    try:
        settings = load("storage", StorageSettings, Path(options.config) if options.config else None, os.environ)
        changed = bring_up_to_date(settings)
    except (ConfigurationError, StartError) as error:
        print(f"eilpost migrate: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EX_CONFIG if isinstance(error, ConfigurationError) else EX_START) from error
    print(f"schema {LATEST}: {'brought up to date' if changed else 'nothing to do'}")  # noqa: T201


def bring_up_to_date(settings: StorageSettings) -> bool:
    """Whether there was anything to do. Raises `StartError` and `ConfigurationError`."""
    database = open_database(settings.database_url, settings.postgresql)
    with closing(database), database.patient_writer() as connection, connection.begin():
        return migrate(connection)


if __name__ == "__main__":
    main()
