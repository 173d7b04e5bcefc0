"""envelope (RFC 5228 section 5.4)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.message import Envelope
from tests.support.sieve import compiled, holds


def test_the_null_reverse_path_is_the_empty_string_whatever_the_part() -> None:
    for part in (":all", ":localpart", ":domain"):
        assert holds(f'envelope {part} "from" ""', "envelope", envelope=Envelope("", "bob@example.net"))


def test_other_parts_of_an_envelope_are_refused() -> None:
    for test in ('envelope "helo" "a"', 'envelope "ret" "a"'):
        with pytest.raises(SieveError):
            compiled(f'require "envelope"; if {test} {{ keep; }}')
    with pytest.raises(SieveError):
        compiled('require "envelope"; if envelope :detail "from" "a" { keep; }')


def test_source_routes_are_dropped() -> None:
    """Section 5.4."""
    routed = Envelope("@hop.example,@other.example:ann@example.org", "bob@example.net")
    assert holds('envelope "from" "ann@example.org"', "envelope", envelope=routed)


def test_names_of_parts_are_case_insensitive() -> None:
    """Section 5.4."""
    assert holds('envelope ["FROM", "To"] "bob+work@example.net"', "envelope")


def test_to_is_this_delivery_alone() -> None:
    """RFC 5231 section 10: nobody learns who else got the letter."""
    assert holds('envelope :count "eq" "to" "1"', "envelope", "relational")
