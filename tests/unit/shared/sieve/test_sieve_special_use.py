"""special-use (RFC 8579)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import FileInto, Question
from tests.support.sieve import actions, compiled, holds, outcome

FACTS = {
    Question("special-use", ("\\junk", "")): "1",
    Question("special-use", ("\\sent", "")): "1",
    Question("special-use", ("\\trash", "")): None,
    Question("special-use", ("\\junk", "Spam")): "1",
    Question("special-use", ("\\junk", "A")): None,
    Question("special-use", ("\\sent", "Spam")): None,
}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('specialuse_exists "\\\\Junk"', True),
        ('specialuse_exists "\\\\JUNK"', True),  # uses are compared without regard to case
        ('specialuse_exists ["\\\\Junk", "\\\\Sent"]', True),  # each on some mailbox
        ('specialuse_exists ["\\\\Junk", "\\\\Trash"]', False),
        ('specialuse_exists "Spam" "\\\\Junk"', True),
        ('specialuse_exists "A" "\\\\Junk"', False),
        ('specialuse_exists "Spam" ["\\\\Junk", "\\\\Sent"]', False),  # all on the one that is named
    ],
)
def test_specialuse_exists(test: str, expected: bool) -> None:
    """Section 3."""
    assert holds(test, "special-use", facts=FACTS) is expected


def test_fileinto_by_use() -> None:
    """Section 4: the mailbox of this use, else the one that is named."""
    script = 'require ["special-use", "fileinto"]; fileinto :specialuse "\\\\Junk" "Spam";'
    assert actions(script) == (FileInto("Spam", special_use="\\Junk"),)


def test_fileinto_by_use_makes_the_mailbox_where_that_is_wanted() -> None:
    """Section 4.1."""
    script = 'require ["special-use", "fileinto", "mailbox"]; fileinto :create :specialuse "\\\\Junk" "Spam";'
    assert actions(script) == (FileInto("Spam", create=True, special_use="\\Junk"),)


def test_a_use_may_come_from_a_variable() -> None:
    script = (
        'require ["special-use", "fileinto", "variables"]; set "use" "Junk"; fileinto :specialuse "\\\\${use}" "S";'
    )
    assert actions(script) == (FileInto("S", special_use="\\Junk"),)


def test_what_is_no_use_is_an_error() -> None:
    assert isinstance(outcome('require "special-use"; if specialuse_exists "Junk" {}').error, RunProblem)


def test_it_must_be_required() -> None:
    for script in ('if specialuse_exists "\\\\Junk" { keep; }', 'fileinto :specialuse "\\\\Junk" "A";'):
        with pytest.raises(SieveError):
            compiled(f'require "fileinto"; {script}')
