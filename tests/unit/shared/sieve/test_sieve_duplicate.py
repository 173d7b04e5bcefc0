"""duplicate (RFC 7352)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import Keep
from tests.support.sieve import actions, compiled, outcome

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


def test_an_id_is_one_wherever_it_comes_from() -> None:
    """Section 3.2."""
    keys = {
        outcome(f'require "duplicate"; if duplicate {arguments} {{}}').unknown
        for arguments in ("", ':header "message-id"', ':uniqueid "<1@example.org>"')
    }
    assert len(keys) == 1


def test_ids_are_case_sensitive() -> None:
    """Section 3.1."""
    keys = {outcome(f'require "duplicate"; if duplicate :uniqueid "{id}" {{}}').unknown for id in ("a", "A")}
    assert len(keys) == 2


def test_the_first_field_counts_and_bad_names_are_false() -> None:
    """Section 3.1."""
    letter = b"X: one\r\nX: two\r\n\r\n"
    by_field = outcome('require "duplicate"; if duplicate :header "X" {}', letter).unknown
    assert by_field == outcome('require "duplicate"; if duplicate :uniqueid "one" {}').unknown
    assert actions('require "duplicate"; if duplicate :header "a b:" { discard; }') == KEEP


def test_the_same_test_in_one_run_has_one_answer() -> None:
    """Section 3: what this run saw does not count for it."""
    script = 'require "duplicate"; if duplicate { discard; } if duplicate { discard; }'
    (question,) = outcome(script).unknown
    assert actions(script, facts={question: None}) == KEEP
    assert len(outcome(script, facts={question: None}).memories) == 1


def test_too_long_a_time_is_cut_silently() -> None:
    """Section 3.3."""
    result = outcome('require "duplicate"; if duplicate :seconds 999999999 {}')
    assert result.error is None
    assert result.memories[0].seconds == 90 * 86_400


def test_ids_are_remembered_by_their_hash() -> None:
    """Section 6."""
    (memory,) = outcome('require "duplicate"; if duplicate :uniqueid "secret" {}').memories
    assert "secret" not in memory.key
