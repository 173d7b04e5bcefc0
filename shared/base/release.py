"""Which release of Eilpost this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The version that is installed; "unknown" for a program that runs without having been."""
    try:
        return version("eilpost")
    except PackageNotFoundError:
        return "unknown"
