"""A program that was never installed knows no release, and runs all the same."""

from __future__ import annotations

import importlib.metadata

import pytest

from shared.base import release


def test_the_installed_version_is_told() -> None:
    assert release.release() == importlib.metadata.version("eilpost")


def test_without_one_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(release, "version", missing)
    assert release.release() == "unknown"
