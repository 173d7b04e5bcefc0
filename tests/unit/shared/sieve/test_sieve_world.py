"""What a script may ask of the world: duplicate, environment, ihave, include, spamtest, spamtestplus, virustest."""

from __future__ import annotations

import pytest

from shared.sieve.errors import LimitExceeded, RunProblem, SieveError
from shared.sieve.outcome import FileInto, Keep, Question
from tests.support.sieve import LETTER, actions, compiled, holds, outcome

KEEP = (Keep(implicit=True),)


def test_duplicate_asks_and_remembers() -> None:
    first = outcome('require "duplicate"; if duplicate { discard; }')
    (question,) = first.unknown
    assert first.memories[0].key == question.arguments[0]
    assert first.memories[0].seconds == 7 * 86_400
    assert actions('require "duplicate"; if duplicate { discard; }', facts={question: "1"}) == ()


def test_what_was_seen_is_remembered_anew_only_with_last() -> None:
    (question,) = outcome('require "duplicate"; if duplicate {}').unknown
    facts = {question: "1"}
    assert outcome('require "duplicate"; if duplicate :seconds 60 {}', facts=facts).memories == ()
    assert outcome('require "duplicate"; if duplicate :seconds 60 :last {}', facts=facts).memories[0].seconds == 60


def test_ids_of_other_fields_handles_and_values_differ() -> None:
    keys = [
        outcome(f'require "duplicate"; if duplicate {arguments} {{}}').unknown
        for arguments in ("", ':header "subject"', ':uniqueid "x"', ':handle "h"')
    ]
    assert len(set(keys)) == 4
    assert outcome('require "duplicate"; if duplicate :header "x-none" { discard; }').unknown == ()
    with pytest.raises(SieveError):
        compiled('require "duplicate"; if duplicate :header "a" :uniqueid "b" { keep; }')


def test_an_error_remembers_nothing() -> None:
    assert outcome('require ["duplicate", "ihave"]; if duplicate {} error "x";').memories == ()


def test_environment() -> None:
    items = {"location": "MDA", "name": "Eilpost"}
    assert holds('environment "location" "mda"', "environment", environment=items)
    assert not holds('environment "x" ""', "environment", environment=items)


def test_ihave() -> None:
    assert holds('ihave ["fileinto", "body"]', "ihave")
    assert not holds('ihave ["fileinto", "nonsense"]', "ihave")


def test_what_is_tried_may_be_used() -> None:
    script = 'require "ihave"; if ihave "fileinto" { fileinto "A"; } else { discard; }'
    assert actions(script) == (FileInto("A"),)


def test_unknown_things_fail_only_when_they_are_reached() -> None:
    script = 'require "ihave"; if ihave "nonsense" { nonsense "A"; }'
    assert actions(script) == KEEP
    assert isinstance(outcome('require "ihave"; nonsense "A";').error, RunProblem)


def test_error_ends_the_script() -> None:
    result = outcome('require "ihave"; error "not today"; discard;')
    assert isinstance(result.error, RunProblem)
    assert result.error.problem == "not today"
    assert result.actions == KEEP


def _scripts(**texts: str) -> dict[Question, str | None]:
    return {Question("script", ("personal", name)): text for name, text in texts.items()}


def test_include_runs_another_script() -> None:
    assert actions('require "include"; include "a";', facts=_scripts(a="discard;")) == ()
    facts = {Question("script", ("global", "a")): "discard;"}
    assert actions('require "include"; include :global "a";', facts=facts) == ()
    assert outcome('require "include"; include "a";').unknown == (Question("script", ("personal", "a")),)


def test_missing_scripts_are_an_error_unless_optional() -> None:
    facts: dict[Question, str | None] = {Question("script", ("personal", "a")): None}
    assert isinstance(outcome('require "include"; include "a";', facts=facts).error, RunProblem)
    assert actions('require "include"; include :optional "a";', facts=facts) == KEEP


def test_return_ends_the_included_script_stop_all() -> None:
    facts = _scripts(a='require "include"; if true { return; } discard;', b="stop;")
    assert actions('require "include"; include "a";', facts=facts) == KEEP
    assert actions('require "include"; include "b"; discard;', facts=facts) == KEEP
    assert actions('require "include"; return; discard;') == KEEP


def test_once() -> None:
    facts = _scripts(a='require ["include", "variables"]; global "n"; set "n" "${n}x";')
    script = 'require ["include", "variables"]; global "n"; include "a"; include :once "a"; include "a"; '
    assert actions(script + 'if string "${n}${global.n}" "xxxx" { discard; }', facts=facts) == ()


def test_variables_are_the_scripts_own_unless_global() -> None:
    facts = _scripts(a='require "variables"; set "v" "inner";')
    script = 'require ["include", "variables"]; set "v" "outer"; include "a"; '
    assert actions(script + 'if string "${v}" "outer" { discard; }', facts=facts) == ()


def test_what_was_required_outside_is_not_required_inside() -> None:
    result = outcome('require ["include", "fileinto"]; include "a";', facts=_scripts(a='fileinto "x";'))
    assert isinstance(result.error, SieveError)


def test_case_56_cycles_and_depth_of_includes_are_bounded() -> None:
    """An include cycle, or too many scripts inside one another, ends in the implicit keep."""
    cycle = _scripts(a='require "include"; include "b";', b='require "include"; include "a";')
    assert isinstance(outcome('require "include"; include "a";', facts=cycle).error, RunProblem)
    deep = _scripts(**{f"s{n}": f'require "include"; include "s{n + 1}";' for n in range(9)})
    assert isinstance(outcome('require "include"; include "s0";', facts=deep).error, LimitExceeded)


@pytest.mark.parametrize(
    ("test", "score", "is_true"),
    [
        ('spamtest "0"', None, True),
        ('spamtest :count "eq" "0"', None, True),
        ('spamtest "1"', 0.0, True),
        ('spamtest "10"', 1.0, True),
        ('spamtest :value "ge" :comparator "i;ascii-numeric" "9"', 0.95, True),
        ('spamtest :percent "95"', 0.95, True),
        ('spamtest :percent "100"', 7.0, True),
    ],
)
def test_spamtest(test: str, score: float | None, is_true: bool) -> None:
    names = ("spamtestplus", "relational", "comparator-i;ascii-numeric")
    assert holds(test, *names, spam=score) is is_true


def test_percent_needs_spamtestplus() -> None:
    with pytest.raises(SieveError):
        compiled('require "spamtest"; if spamtest :percent "1" { keep; }')


def test_virustest() -> None:
    assert holds('virustest "0"', "virustest")
    assert holds('virustest "5"', "virustest", virus=5)
    assert LETTER
