"""ihave (RFC 5463)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import FileInto, Keep
from tests.support.sieve import actions, compiled, holds, outcome

KEEP = (Keep(implicit=True),)


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


@pytest.mark.parametrize("name", ["variables", "encoded-character"])
def test_what_changes_how_scripts_are_read_cannot_be_had_this_way(name: str) -> None:
    """Section 4: the test fails, and the extension stays off."""
    assert not holds(f'ihave "{name}"', "ihave")
    assert holds(f'ihave "{name}"', "ihave", name)
    text = "${a}" if name == "variables" else "${hex:40}"
    letter = f"Subject: {text}\r\n\r\n".encode()
    assert holds(f'allof(not ihave "{name}", header "subject" "{text}")', "ihave", letter=letter)


def test_names_are_constants() -> None:
    """Section 4."""
    with pytest.raises(SieveError):
        compiled('require ["ihave", "variables"]; if ihave "${a}" { keep; }')


def test_what_was_found_may_be_used_to_the_end_of_the_script() -> None:
    """Section 4, outside of the block too."""
    assert actions('require "ihave"; if not ihave "fileinto" { stop; } fileinto "A";') == (FileInto("A"),)


def test_tests_are_cut_short() -> None:
    """Section 4."""
    script = 'require "ihave"; if allof(ihave "nonsense", nonsense "a") { discard; }'
    assert actions(script) == KEEP


def test_error_needs_ihave_and_a_text() -> None:
    """Section 5."""
    for script in ('error "x";', 'require "ihave"; error;'):
        with pytest.raises(SieveError):
            compiled(script)
