"""The language itself (RFC 5228)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, LimitExceeded
from shared.sieve.limits import Limits
from shared.sieve.message import Envelope
from shared.sieve.outcome import Keep, Redirect
from tests.support.sieve import LETTER, actions, compiled, holds, outcome

KEPT = (Keep(implicit=True),)


@pytest.mark.parametrize(
    ("test", "is_true"),
    [
        ('header :is "subject" "GRÜßE from  here"', False),  # casemap is that of ASCII
        ('header :is "subject" "Grüße FROM  here"', True),
        ('header :contains "Subject" "GRÜ"', False),
        ('header :contains ["x-none", "subject"] ["zzz", "FROM"]', True),
        ('header :matches "subject" "*FR?M*"', True),
        ('header :matches "subject" "FR?M"', False),
        ('header :is "x-empty" ""', True),
        ('header :contains "x-empty" ""', True),
        ('header :contains "x-none" ""', False),
        ('header :comparator "i;octet" :contains "subject" "FROM"', False),
        ('header :is :comparator "i;ascii-casemap" "message-id" "<1@EXAMPLE.org>"', True),
        ('address "from" "ann+lists@example.org"', True),
        ('address :all :is "from" "ann@example.org"', False),
        ('address :localpart "from" "ANN+lists"', True),
        ('address :domain ["to", "cc"] "example.com"', True),
        ('address :contains "to" "carl"', True),
        ('address :is "cc" "Team"', False),
        ('address "from" "Ann, A."', False),
        ('exists ["from", "TO"]', True),
        ('exists ["from", "x-none"]', False),
        ("size :over 1K", False),
        ("size :under 1K", True),
        (f"size :over {len(LETTER)}", False),
        (f"size :under {len(LETTER)}", False),
        ("not false", True),
        ("allof(true, true, not false)", True),
        ("allof(true, false)", False),
        ("anyof(false, true)", True),
        ("anyof(false, false)", False),
    ],
)
def test_tests(test: str, is_true: bool) -> None:
    assert holds(test) is is_true


def test_only_the_first_true_branch_runs() -> None:
    script = 'if false { discard; } elsif true { redirect "a@b.example"; } elsif true { keep; } else { keep; }'
    assert actions(script) == (Redirect("a@b.example"),)
    assert actions("if false { discard; } else { keep; } stop; discard;") == (Keep(),)


def test_without_an_action_the_message_is_kept() -> None:
    assert actions("if true { }") == KEPT


def test_discard_cancels_the_implicit_keep_alone() -> None:
    assert actions("discard;") == ()
    assert actions("keep; discard;") == (Keep(),)


def test_the_same_action_twice_is_one() -> None:
    assert actions('keep; keep; redirect "a@b.example"; redirect "<A@B.example>";') == (
        Keep(),
        Redirect("a@b.example"),
    )


def test_redirect_cancels_the_implicit_keep() -> None:
    assert actions('redirect "Ann <ann@example.org>";') == (Redirect("ann@example.org"),)


def test_stop_ends_inside_of_blocks_too() -> None:
    assert actions("if true { if true { stop; } } discard;") == KEPT


@pytest.mark.parametrize(
    "script",
    [
        "nonsense;",
        "if nonsense { keep; }",
        "else { keep; }",
        "elsif true { keep; }",
        "if true { keep; } else { keep; } else { keep; }",
        "if { keep; }",
        "if true;",
        "keep { stop; }",
        'keep "a";',
        "keep :copy;",
        'fileinto "a";',
        'require "nonsense";',
        'keep; require "fileinto";',
        'require ["fileinto"]; fileinto ["a"];',
        'require "fileinto"; fileinto 3;',
        'header "a" "b";',
        'if header :is :contains "a" "b" { keep; }',
        'if header "a" :is "b" { keep; }',
        'if header :comparator "i;nonsense" "a" "b" { keep; }',
        'if header :comparator "i;ascii-numeric" "a" "b" { keep; }',
        'if header :unknown "a" "b" { keep; }',
        'if address "x-foo" "b" { keep; }',
        'if address :all :domain "from" "b" { keep; }',
        "if size 3 { keep; }",
        "if size :over 3 :under 4 { keep; }",
        "if not { keep; }",
        "if not (true, true) { keep; }",
        "if allof { keep; }",
        "if true false { keep; }",
        'redirect "no address";',
        'redirect "a@b.example, c@d.example";',
    ],
)
def test_what_is_wrong_is_found_before_it_runs(script: str) -> None:
    with pytest.raises((InvalidScript, Exception)) as caught:
        compiled(script)
    assert type(caught.value).__module__ == "shared.sieve.errors"
    assert caught.value.place.line == 1  # type: ignore[attr-defined]


def test_the_place_is_that_of_the_culprit() -> None:
    with pytest.raises(InvalidScript) as caught:
        compiled('require "fileinto";\r\nif true {\r\n   fileinto 7;\r\n}')
    assert caught.value.place == (3, 13)


def test_nesting_is_bounded() -> None:
    deep = "if true {" * 15 + "keep;" + "}" * 15
    compiled(deep)
    for script in ("if true {" * 16 + "}" * 16, "if " + "not " * 20 + "true { keep; }"):
        with pytest.raises(LimitExceeded):
            compiled(script)


def test_actions_redirects_and_steps_are_bounded() -> None:
    limits = Limits(actions=3, redirects=2, steps=10)
    redirects = "".join(f'redirect "a{n}@b.example";' for n in range(3))
    assert isinstance(outcome(redirects, limits=limits).error, LimitExceeded)
    assert outcome(redirects, limits=limits).actions == KEPT
    many = 'require "fileinto";' + "".join(f'fileinto "a{n}";' for n in range(4))
    assert isinstance(outcome(many, limits=limits).error, LimitExceeded)
    assert isinstance(outcome("if true {}" * 11, limits=limits).error, LimitExceeded)
    assert outcome("if true {}" * 10, limits=limits).error is None


def test_an_error_while_running_names_its_place() -> None:
    result = outcome('require "variables";\nset "a" "nobody";\nredirect "${a}";')
    assert result.actions == KEPT
    assert result.error is not None
    assert result.error.place == (3, 1)


def test_a_trace_tells_rule_by_rule() -> None:
    result = outcome('if header "subject" "no" { discard; }\nif true {\n  keep;\n}', traced=True)
    assert [(one.place.line, one.result) for one in result.trace] == [(1, "false"), (2, "true"), (3, "done")]


def test_the_null_sender_needs_no_special_case() -> None:
    assert actions("keep;", envelope=Envelope()) == (Keep(),)
