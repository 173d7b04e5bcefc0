"""``python -m services.delivery --config FILE``"""

from __future__ import annotations

from services.delivery.app import run as app
from services.delivery.config import DeliverySettings
from shared.runtime.main import run


def main() -> int:
    """Run the delivery service; the exit code."""
    return run("delivery", DeliverySettings, app)


if __name__ == "__main__":
    raise SystemExit(main())
