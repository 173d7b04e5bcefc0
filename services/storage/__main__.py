"""``python -m services.storage``: one process of storage."""

from __future__ import annotations

from services.storage.app import run as app
from services.storage.config import StorageSettings
from shared.runtime.main import run


def main() -> None:
    """Run until told to stop."""
    raise SystemExit(run("storage", StorageSettings, app))


if __name__ == "__main__":
    main()
