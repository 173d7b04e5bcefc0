"""regex (draft-murchison-sieve-regex), by RE2."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from tests.support.sieve import compiled, holds, outcome

MATCH = 'if header :regex "from" "\\"(.*)\\" <([^@]*)@" {}'


def test_regular_expressions() -> None:
    assert holds('header :regex "subject" "^gr.*\\\\s(FROM|to)"', "regex")
    assert not holds('header :regex :comparator "i;octet" "subject" "FROM"', "regex")
    assert holds('string "${1}-${2}" "Ann, A.-ann+lists"', "regex", "variables", before=MATCH)
    with pytest.raises(SieveError):
        compiled('require "regex"; if header :regex "a" "(" { keep; }')
    broken = 'require ["regex", "variables"]; set "a" "("; if header :regex "subject" "${a}" { discard; }'
    assert isinstance(outcome(broken).error, RunProblem)
