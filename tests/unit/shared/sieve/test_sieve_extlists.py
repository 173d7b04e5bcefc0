"""extlists: RFC 6134."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, RunProblem
from shared.sieve.outcome import Question, Redirect
from tests.support.sieve import actions, compiled, holds, outcome

FACTS = {
    Question("list", ("friends",)): "ann@example.org\nBob <bob@example.net>",
    Question("list", ("empty",)): "",
    Question("list", ("none",)): None,
    Question("list-holds", ("friends", "ann+lists@example.org")): "yes",
    Question("list-holds", ("none", "ann+lists@example.org")): None,
}


def test_a_value_is_looked_for_in_each_list() -> None:
    assert holds('address :list "from" ["none", "friends"]', "extlists", facts=FACTS)
    assert not holds('address :list "from" "none"', "extlists", facts=FACTS)


def test_the_value_found_is_match_variable_0() -> None:
    before = 'if address :list "from" "friends" { set "who" "${0}"; }'
    test = 'string "${who}" "Ann+lists@Example.ORG"'
    assert holds(test, "extlists", "variables", before=before, facts=FACTS)


def test_valid_ext_list() -> None:
    assert holds('valid_ext_list ["friends", "empty"]', "extlists", facts=FACTS)
    assert not holds('valid_ext_list ["friends", "none"]', "extlists", facts=FACTS)


def test_redirect_goes_to_all_members() -> None:
    found = actions('require "extlists"; redirect :list "friends";', facts=FACTS)
    assert found == (Redirect("ann@example.org"), Redirect("bob@example.net"))
    assert actions('require "extlists"; redirect :list "empty";', facts=FACTS) == ()


def test_a_list_that_is_not_there_is_an_error_for_redirect() -> None:
    assert isinstance(outcome('require "extlists"; redirect :list "none";', facts=FACTS).error, RunProblem)


def test_list_names_are_checked() -> None:
    assert isinstance(outcome('require "extlists"; redirect :list "";').error, RunProblem)
    with pytest.raises(InvalidScript):
        compiled('redirect :list "friends";')
