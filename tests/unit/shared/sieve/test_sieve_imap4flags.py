"""imap4flags (RFC 5232)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Keep
from tests.support.sieve import actions, compiled, holds

FLAGS = 'require ["imap4flags", "fileinto", "variables", "relational"];'


def test_flags_of_the_internal_variable_go_with_what_is_filed_later() -> None:
    assert actions(FLAGS + 'fileinto "A"; setflag "\\\\seen"; fileinto "B";') == (
        FileInto("A"),
        FileInto("B", ("\\Seen",)),
    )
    assert actions(FLAGS + 'addflag ["\\\\Flagged", "Work work"];') == (Keep(("\\Flagged", "Work"), implicit=True),)


def test_flags_tag_overrides() -> None:
    assert actions(FLAGS + 'setflag "\\\\Seen"; keep :flags "\\\\Deleted";') == (Keep(("\\Deleted",)),)
    assert actions(FLAGS + 'setflag "\\\\Seen"; keep :flags "";') == (Keep(()),)


def test_removeflag_and_setflag_again() -> None:
    assert actions(FLAGS + 'addflag "a b c"; removeflag ["B", "c"];') == (Keep(("a",), implicit=True),)
    assert actions(FLAGS + 'addflag "a"; setflag "b";') == (Keep(("b",), implicit=True),)


def test_what_is_no_flag_is_left_out() -> None:
    assert actions(FLAGS + 'setflag ["\\\\Recent", "a(b", "ok"];') == (Keep(("ok",), implicit=True),)


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('hasflag "B"', True),
        ('hasflag ["x", "\\\\seen"]', True),
        ('hasflag "x"', False),
        ('hasflag :contains "EE"', True),
        ('hasflag :count "ge" :comparator "i;ascii-numeric" "2"', True),
        ('hasflag "mine" "c"', True),
        ('hasflag ["mine", "yours"] "d"', False),
        ('hasflag "x b"', True),
    ],
)
def test_hasflag(test: str, is_true: bool) -> None:
    names = ("imap4flags", "variables", "relational", "comparator-i;ascii-numeric")
    assert holds(test, *names, before='setflag "\\\\Seen b"; setflag "mine" "c";') is is_true


def test_a_variable_needs_variables() -> None:
    with pytest.raises(SieveError):
        compiled('require "imap4flags"; setflag "a" "b";')


def test_empty_strings_and_surplus_spaces_are_ignored() -> None:
    """Section 2."""
    assert actions(FLAGS + 'setflag ["", "  a   b  ", " "];') == (Keep(("a", "b"), implicit=True),)


def test_flags_differ_by_more_than_case() -> None:
    """Section 3: a set of case-insensitive words."""
    assert actions(FLAGS + 'addflag ["a", "A", "\\\\sEEN", "\\\\Seen"];') == (Keep(("a", "\\Seen"), implicit=True),)


def test_the_internal_variable_begins_empty() -> None:
    """Section 3."""
    assert actions(FLAGS + 'removeflag "a"; keep;') == (Keep(()),)
    assert not holds('hasflag :contains ""', "imap4flags")


def test_a_flag_that_was_not_set_can_be_removed() -> None:
    """Section 3.3."""
    assert actions(FLAGS + 'addflag "a"; removeflag ["", "b"];') == (Keep(("a",), implicit=True),)


def test_named_variables_are_apart_from_the_internal_one() -> None:
    """Section 3."""
    script = 'setflag "mine" ["a", "b"]; addflag "mine" "c"; removeflag "mine" "a"; keep :flags "${mine}";'
    assert actions(FLAGS + script) == (Keep(("b", "c")),)


def test_flags_outside_of_ascii_are_ignored() -> None:
    """Sections 2 and 5."""
    assert actions(FLAGS + 'setflag ["gr\u00fcn", "ok"];') == (Keep(("ok",), implicit=True),)
