"""``python -m services.smtp --config FILE``."""

from __future__ import annotations

from services.smtp.app import run
from services.smtp.config import SmtpSettings
from shared.runtime import main as runtime


def main() -> int:
    """Run the service; the exit status."""
    return runtime.run("smtp", SmtpSettings, run)


if __name__ == "__main__":
    raise SystemExit(main())
