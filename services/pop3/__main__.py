"""``python -m services.pop3 --config FILE``."""

from __future__ import annotations

from services.pop3.app import run
from services.pop3.config import Pop3Settings
from shared.runtime import main as runtime


def main() -> int:
    """Run the service; the exit status."""
    return runtime.run("pop3", Pop3Settings, run)


if __name__ == "__main__":
    raise SystemExit(main())
