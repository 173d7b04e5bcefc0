"""``python -m services.managesieve --config FILE``."""

from __future__ import annotations

from services.managesieve.app import run
from services.managesieve.config import ManageSieveSettings
from shared.runtime import main as runtime


def main() -> int:
    """Run the service; the exit status."""
    return runtime.run("managesieve", ManageSieveSettings, run)


if __name__ == "__main__":
    raise SystemExit(main())
