"""envelope (RFC 5228 section 5.4) and subaddress (RFC 5233)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.message import Envelope
from tests.support.sieve import LETTER, compiled, holds


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('envelope "from" "ANN@example.org"', True),
        ('envelope :localpart "from" "ann"', True),
        ('envelope :domain "to" "example.net"', True),
        ('envelope :detail "to" "work"', True),
        ('envelope :user "to" "bob"', True),
        ('envelope :detail "from" ""', False),
        ('envelope :is ["from", "to"] "bob+work@example.net"', True),
        ('address :detail "from" "lists"', True),
        ('address :user "from" "ann"', True),
        ('address :detail "to" ""', False),
    ],
)
def test_parts(test: str, is_true: bool) -> None:
    assert holds(test, "envelope", "subaddress") is is_true


def test_an_empty_detail_is_not_a_missing_one() -> None:
    letter = LETTER.replace(b"Ann+lists", b"ann+")
    assert holds('address :detail "from" ""', "subaddress", letter=letter)


def test_the_null_reverse_path_is_the_empty_string_whatever_the_part() -> None:
    for part in (":all", ":localpart", ":domain"):
        assert holds(f'envelope {part} "from" ""', "envelope", envelope=Envelope("", "bob@example.net"))


def test_other_parts_of_an_envelope_are_refused() -> None:
    for test in ('envelope "helo" "a"', 'envelope "ret" "a"'):
        with pytest.raises(SieveError):
            compiled(f'require "envelope"; if {test} {{ keep; }}')
    with pytest.raises(SieveError):
        compiled('require "envelope"; if envelope :detail "from" "a" { keep; }')
