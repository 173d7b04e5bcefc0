"""include (RFC 6609)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import LimitExceeded, RunProblem, SieveError
from shared.sieve.outcome import Keep, Question
from tests.support.sieve import actions, compiled, outcome

KEEP = (Keep(implicit=True),)


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


def test_recursion_is_an_error_when_it_runs_and_not_before() -> None:
    """Section 3.1, direct and indirect; once makes none of it (section 3.2)."""
    facts = _scripts(a='require "include"; include "a";', b='require "include"; include :once "b"; discard;')
    compiled('require "include"; include "missing";')
    result = outcome('require "include"; include "a";', facts=facts)
    assert isinstance(result.error, RunProblem)
    assert result.actions == KEEP
    assert actions('require "include"; include "b";', facts=facts) == ()


def test_three_levels_at_least() -> None:
    """Section 3.1."""
    facts = _scripts(a='require "include"; include "b";', b='require "include"; include "c";', c="discard;")
    assert actions('require "include"; include "a";', facts=facts) == ()


@pytest.mark.parametrize(
    "command",
    [
        'include "${a}";',  # section 3.2: a constant
        'include "a\u0001b";',
        'include "";',
        'include :personal :global "a";',
        'include ["a", "b"];',
        'global "a.b";',  # section 3.4.1
        'global "1";',
        'set "global.a.b" "x";',  # section 3.4.2
        'set "global.12" "x";',
    ],
)
def test_what_is_refused(command: str) -> None:
    with pytest.raises(SieveError):
        compiled(f'require ["include", "variables"]; {command}')


def test_hostile_names_are_only_names() -> None:
    """Section 4: they are looked up, and not there."""
    for name in ("./../..//etc/passwd", "foo$(`rm star`)"):
        facts: dict[Question, str | None] = {Question("script", ("personal", name)): None}
        assert isinstance(outcome(f'require "include"; include "{name}";', facts=facts).error, RunProblem)


@pytest.mark.parametrize("names", ['"include"', '"variables"'])
def test_global_needs_include_and_variables(names: str) -> None:
    """Section 3.4.1."""
    with pytest.raises(SieveError):
        compiled(f'require [{names}]; global "a";')


def test_global_comes_before_set() -> None:
    """Section 3.4.1."""
    result = outcome('require ["include", "variables"]; set "a" "x"; global "a";')
    assert isinstance(result.error, RunProblem)


def test_both_ways_to_a_global_variable_are_one() -> None:
    """Section 3.4.2."""
    script = 'require ["include", "variables"]; global "a"; set "a" "x"; set "global.b" "y"; global "b";'
    assert actions(script + 'if string "${global.a}${b}" "xy" { discard; }') == ()
    assert actions(script + 'if string "${global.none}" "" { discard; }') == ()


def test_header_changes_pass_in_both_directions() -> None:
    """Section 3.5."""
    inner = 'require ["editheader", "fileinto"]; if exists "X-A" { deleteheader "X-A"; addheader "X-B" "y"; }'
    outer = 'require ["include", "editheader"]; addheader "X-A" "x"; include "a"; '
    test = 'if allof(exists "X-B", not exists "X-A") { discard; }'
    assert actions(outer + test, facts=_scripts(a=inner)) == ()


def test_break_cannot_leave_a_loop_of_another_script() -> None:
    """Section 3.5."""
    facts = _scripts(a='require "foreverypart"; break;')
    result = outcome('require ["include", "foreverypart"]; foreverypart { include "a"; }', facts=facts)
    assert isinstance(result.error, SieveError)


def test_an_included_script_must_be_right() -> None:
    """Section 3.2."""
    result = outcome('require "include"; include "a";', facts=_scripts(a="nonsense;"))
    assert isinstance(result.error, SieveError)
    assert result.actions == KEEP
