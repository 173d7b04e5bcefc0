"""Comparators (RFC 4790, RFC 5051)."""

from __future__ import annotations

import pytest

from shared.sieve.comparators import ASCII_NUMERIC, UNICODE_CASEMAP
from shared.sieve.errors import SieveError
from tests.support.sieve import compiled, holds


def test_numbers_that_are_none_are_infinite_and_equal() -> None:
    assert ASCII_NUMERIC.fold("abc") == ASCII_NUMERIC.fold("") > ASCII_NUMERIC.fold("9" * 100)


def test_unicode_casemap_folds_letters_and_composition() -> None:
    fold = UNICODE_CASEMAP.fold
    assert fold("ÄRGER") == fold("a\u0308rger")
    name = "comparator-i;unicode-casemap"
    assert holds('header :contains :comparator "i;unicode-casemap" "subject" "GRÜ"', name)
    with pytest.raises(SieveError):
        compiled('if header :comparator "i;unicode-casemap" "a" "b" { keep; }')
