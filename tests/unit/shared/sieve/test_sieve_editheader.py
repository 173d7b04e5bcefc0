"""editheader (RFC 5293)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import Content, FileInto, Keep
from tests.support.sieve import LETTER, actions, compiled, outcome

REQUIRE = 'require ["editheader", "fileinto", "variables", "index"];'


def _header(script: str, letter: bytes = LETTER) -> bytes:
    (keep,) = actions(REQUIRE + script, letter)
    assert isinstance(keep, Keep)
    return letter if keep.content is None else keep.content.header


def test_a_field_is_added_in_front_or_behind() -> None:
    letter = b"A: 1\r\nB: 2\r\n\r\nbody"
    assert _header('addheader "X-New" "v";', letter) == b"X-New: v\r\nA: 1\r\nB: 2\r\n\r\n"
    assert _header('addheader :last "X-New" "v";', letter) == b"A: 1\r\nB: 2\r\nX-New: v\r\n\r\n"


def test_what_was_filed_before_stays_as_it_was() -> None:
    first, second = actions(REQUIRE + 'fileinto "A"; addheader "X" "y"; fileinto "B";', b"A: 1\r\n\r\n")
    assert first == FileInto("A")
    assert second == FileInto("B", content=Content(b"X: y\r\nA: 1\r\n\r\n"))


def test_tests_see_the_changes() -> None:
    script = 'addheader "X" "y"; if not header "x" "y" { discard; } deleteheader "x"; if exists "x" { discard; }'
    assert len(actions(REQUIRE + script)) == 1


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ('"x"', []),
        (':index 2 "x"', [b"one", b"three"]),
        (':index 1 :last "x"', [b"one", b"two"]),
        (':contains "x" "o"', [b"three"]),
        (':is "x" ["one", "three"]', [b"two"]),
        (':index 1 :is "x" "two"', [b"one", b"two", b"three"]),
        (':matches "X" "t*"', [b"one"]),
    ],
)
def test_deleteheader(arguments: str, left: list[bytes]) -> None:
    letter = b"X: one\r\nX: two\r\nY: 1\r\nX: three\r\n\r\n"
    kept = b"".join(b"X: " + value + b"\r\n" for value in left if value != b"three") + b"Y: 1\r\n"
    kept += b"X: three\r\n" if b"three" in left else b""
    assert _header(f"deleteheader {arguments};", letter) == kept + b"\r\n"


def test_trace_and_loop_marks_are_not_to_be_changed() -> None:
    assert _header('deleteheader "Received"; addheader "Auto-Submitted" "no";') == LETTER


def test_a_value_makes_no_second_field() -> None:
    header = _header('set "v" "a\r\nBcc: all@example.org"; addheader "X" "${v}";', b"A: 1\r\n\r\n")
    assert header == b"X: a Bcc: all@example.org\r\nA: 1\r\n\r\n"


def test_long_values_are_folded() -> None:
    header = _header('addheader "X" "' + "word " * 60 + '";', b"A: 1\r\n\r\n")
    assert all(len(line) < 100 for line in header.split(b"\r\n"))


def test_names_that_are_none() -> None:
    for name in ("a:b", "a b", ""):
        with pytest.raises(SieveError):
            compiled(f'{REQUIRE} addheader "{name}" "x";')
    assert outcome(REQUIRE + 'set "n" "a b"; addheader "${n}" "x";').error is not None


def test_the_number_of_fields_added_is_bounded() -> None:
    assert outcome(REQUIRE + 'addheader "X" "y";' * 65).error is not None


def test_values_outside_of_ascii_are_encoded() -> None:
    """Section 4: what is no unstructured text is encoded."""
    assert _header('addheader "X" "v\u00e4l";', b"A: 1\r\n\r\n") == b"X: =?utf-8?b?dsOkbA==?=\r\nA: 1\r\n\r\n"


def test_a_long_value_is_kept_whole() -> None:
    """Section 4: a limit is no lower than 998 characters."""
    assert _header(f'addheader "X" "{"w" * 998}";', b"A: 1\r\n\r\n").startswith(b"X: " + b"w" * 998 + b"\r\n")


def test_names_match_whatever_their_case_and_nothing_found_is_no_error() -> None:
    """Section 5."""
    letter = b"X-A: 1\r\nB: 2\r\n\r\n"
    assert _header('deleteheader "x-a";', letter) == b"B: 2\r\n\r\n"
    assert _header('deleteheader "none"; deleteheader :index 5 "b";', letter) == letter


def test_last_needs_index() -> None:
    """Section 5."""
    with pytest.raises(SieveError):
        compiled(f'{REQUIRE} deleteheader :last "x";')


def test_subject_may_be_deleted_and_added() -> None:
    """Section 6."""
    letter = b"Subject: old\r\nA: 1\r\n\r\n"
    assert _header('deleteheader "Subject"; addheader "Subject" "new";', letter) == b"Subject: new\r\nA: 1\r\n\r\n"


def test_received_and_auto_submitted_stay() -> None:
    """Section 6: silently."""
    letter = b"Received: from a by b; Tue, 15 Jul 2025 09:30:00 +0200\r\nAuto-Submitted: auto-replied\r\n\r\n"
    assert _header('deleteheader "received"; deleteheader "auto-submitted";', letter) == letter


def test_adding_and_deleting_again_leaves_the_message_as_it_was() -> None:
    """Section 7: these actions see the present header themselves."""
    (keep,) = actions(REQUIRE + 'addheader "X-Hello" "World"; deleteheader :index 1 "X-Hello";', b"A: 1\r\n\r\nb")
    assert isinstance(keep, Keep)
    assert keep.content is None or keep.content.header == b"A: 1\r\n\r\n"


def test_an_error_keeps_the_original_header() -> None:
    """Section 7."""
    result = outcome(REQUIRE + 'addheader "X" "y"; redirect "${none}";')
    assert result.actions == (Keep(implicit=True),)


def test_neither_command_cancels_the_implicit_keep() -> None:
    """Sections 4 and 5."""
    (keep,) = actions(REQUIRE + 'addheader "X" "y"; deleteheader "subject";')
    assert isinstance(keep, Keep)
    assert keep.implicit
