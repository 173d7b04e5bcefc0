"""``python -m services.imap --config FILE``."""

from __future__ import annotations

from services.imap.app import run
from services.imap.config import ImapSettings
from shared.runtime import main as runtime


def main() -> int:
    """Run the service; the exit status."""
    return runtime.run("imap", ImapSettings, run)


if __name__ == "__main__":
    raise SystemExit(main())
