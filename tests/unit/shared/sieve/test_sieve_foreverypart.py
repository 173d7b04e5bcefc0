"""foreverypart and break: RFC 5703 section 3."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript, LimitExceeded, RunProblem
from shared.sieve.outcome import FileInto
from tests.support.sieve import actions, compiled, outcome

NESTED = (
    b"Subject: tree\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\none\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>two</p>\r\n--b--\r\n\r\n"
    b"--a\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nthree\r\n"
    b"--a\r\nContent-Type: image/png; name=p.png\r\n\r\nfour\r\n--a--\r\n"
)
REQUIRE = 'require ["foreverypart", "mime", "variables", "fileinto", "extracttext", "copy"];'
SEEN = 'if header :mime :contenttype :matches "content-type" "*" { set "seen" "${seen} ${1}"; }'


def seen(script: str) -> str:
    """What a script left in the variable "seen"."""
    (filed,) = actions(f'{REQUIRE} {script} fileinto "x${{seen}}";', NESTED)
    assert isinstance(filed, FileInto)
    return filed.mailbox[1:].strip()


def test_parts_come_outermost_first_and_in_order() -> None:
    assert seen(f"foreverypart {{ {SEEN} }}").split() == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "message/rfc822",
        "image/png",
    ]


def test_a_message_without_parts_is_one_part() -> None:
    script = f'{REQUIRE} foreverypart {{ set "n" "${{n}}x"; }} fileinto "${{n}}";'
    assert actions(script, b"Subject: a\r\n\r\nb\r\n") == (FileInto("x"),)


def test_a_loop_inside_walks_what_is_inside_the_part() -> None:
    inner = f'if header :mime :subtype "content-type" "alternative" {{ foreverypart {{ {SEEN} }} }}'
    assert seen(f"foreverypart {{ {inner} }}").split() == ["text/plain", "text/html"]


def test_break_leaves_the_innermost_loop() -> None:
    inner = f'foreverypart {{ {SEEN} break; }} set "seen" "${{seen}} out";'
    script = f'foreverypart {{ if header :mime :subtype "content-type" "alternative" {{ {inner} }} }}'
    assert seen(script).split() == ["text/plain", "out"]


def test_break_leaves_the_named_loop_and_those_inside() -> None:
    inner = f'foreverypart :name "in" {{ {SEEN} break :name "out"; }}'
    assert seen(f'foreverypart :name "out" {{ {inner} set "seen" "no"; }}').split() == ["multipart/alternative"]


def test_break_to_a_loop_that_is_not_there_is_an_error() -> None:
    result = outcome(f'{REQUIRE} foreverypart :name "a" {{ break :name "b"; }}', NESTED)
    assert isinstance(result.error, RunProblem)
    with pytest.raises(InvalidScript, match="no loop"):
        compiled(f"{REQUIRE} break;")


def test_stop_inside_ends_the_script() -> None:
    script = f'{REQUIRE} foreverypart {{ fileinto "a"; stop; }} fileinto "b";'
    assert actions(script, NESTED) == (FileInto("a"),)


def test_case_56_loops_inside_loops_end_at_the_steps_of_the_run() -> None:
    letter = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 500 + b"--a--\r\n"
    loops = "foreverypart { foreverypart { keep; } " * 7 + "}" * 7
    result = outcome(f"{REQUIRE} {loops}" + f"foreverypart {{ {SEEN} }}" * 30, letter)
    assert isinstance(result.error, LimitExceeded)
