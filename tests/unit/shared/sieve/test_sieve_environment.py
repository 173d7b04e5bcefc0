"""environment (RFC 5183)."""

from __future__ import annotations

import pytest

from tests.support.sieve import holds


def test_environment() -> None:
    items = {"location": "MDA", "name": "Eilpost"}
    assert holds('environment "location" "mda"', "environment", environment=items)
    assert not holds('environment "x" ""', "environment", environment=items)


@pytest.mark.parametrize("test", ['environment "vnd.none" "x"', 'environment :contains "none" ""'])
def test_what_is_unknown_fails_without_an_error(test: str) -> None:
    """Section 4."""
    assert not holds(test, "environment", environment={"name": "Eilpost"})


def test_names_of_items_and_match_types() -> None:
    """Section 4: compared as any other value."""
    items = {"name": "Eilpost", "domain": "example.org"}
    assert holds('environment :matches "NAME" "eil*"', "environment", environment=items)
    assert holds('environment :contains "domain" "example"', "environment", environment=items)
    assert holds('environment :count "eq" "domain" "1"', "environment", "relational", environment=items)
