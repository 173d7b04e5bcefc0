"""The core: literals, limits, streamed messages, bare lines; and that cutting the input changes nothing."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.protocols.imap.core import ImapCore, Limits
from shared.protocols.imap.events import (
    LITERAL_END,
    NEED_MORE,
    BadSyntax,
    Command,
    ContinuationNeeded,
    Fatal,
    Line,
    LiteralChunk,
)
from shared.protocols.imap.syntax.append import Append
from shared.protocols.imap.syntax.login import Login
from shared.protocols.imap.syntax.noop import Noop
from tests.unit.shared.protocols.imap.events import drain, logged_in, told

SMALL = Limits(
    line_before_login=80,
    line_after_login=120,
    literal_before_login=20,
    literal_after_login=60,
    append=100,
    append_whole=30,
)
NOOP = Command("z", "NOOP", Noop())


def test_a_command_needs_its_whole_line() -> None:
    core = ImapCore()
    core.feed(b"z NO")
    assert core.next_event() is NEED_MORE
    core.feed(b"OP\r\nz")
    assert drain(core) == [NOOP]
    assert core.buffered == 1


def test_literals_are_asked_for_one_by_one() -> None:
    core = ImapCore()
    core.feed(b"a LOGIN {3}\r\n")
    assert drain(core) == [ContinuationNeeded(3)]
    core.feed(b"joe {6}\r\n")
    assert drain(core) == [ContinuationNeeded(6)]
    core.feed(b"se\r\nt!\r\n")
    assert drain(core) == [Command("a", "LOGIN", Login("joe", "se\r\nt!"))]


def test_non_synchronising_literals_are_not_asked_for() -> None:
    assert told(ImapCore(), [b"a LOGIN {3+}\r\njoe {2+}\r\npw\r\n"]) == [Command("a", "LOGIN", Login("joe", "pw"))]


@pytest.mark.parametrize("size", ["4294967295", "99999999999999999999", "9" * 200, "4097"])
def test_oversized_literal_before_login(size: str) -> None:
    [refusal, after] = told(ImapCore(), [f"a LOGIN {{{size}}}\r\nz NOOP\r\n".encode()])
    assert refusal == BadSyntax("a", "Literal too large", "TOOBIG")
    assert after == NOOP
    assert told(ImapCore(), [f"a LOGIN {{{size}+}}\r\nz NOOP\r\n".encode()]) == [Fatal("Literal too large")]


def test_negative_literal_is_no_literal() -> None:
    [event, after] = told(ImapCore(), [b"a LOGIN {-1}\r\nz NOOP\r\n"])
    assert isinstance(event, BadSyntax)
    assert after == NOOP


def test_endless_empty_literals_are_bounded() -> None:
    core = ImapCore()
    events = told(core, [b"a LOGIN {0+}\r\n", *[b" {0+}\r\n"] * 10_000])
    assert events == [Fatal("Literal too large")]


def test_line_limit_rises_with_login() -> None:
    line = b"z NOOP " + b"x" * 100
    assert told(ImapCore(SMALL), [line, b"\r\n"]) == [Fatal("Line too long")]
    [event] = told(logged_in(SMALL), [line, b"\r\n"])
    assert isinstance(event, BadSyntax)


def test_after_the_fatal_one_nothing_is_read() -> None:
    core = ImapCore(SMALL)
    core.feed(b"x" * 200)
    assert core.next_event() == Fatal("Line too long")
    core.feed(b"\r\nz NOOP\r\n")
    assert core.next_event() == Fatal("Line too long")


def test_small_message_comes_whole() -> None:
    events = told(logged_in(), [b'a APPEND {5}\r\nInBox (\\seen) " 1-Jan-1970 00:00:01 +0000" {3}\r\nabc\r\n'])
    assert events == [
        ContinuationNeeded(5),
        ContinuationNeeded(3),
        Command("a", "APPEND", Append("INBOX", ("\\Seen",), 1, 3, b"abc", True)),
    ]


def test_large_message_is_streamed() -> None:
    core = logged_in(SMALL)
    core.feed(b"a APPEND x {40}\r\n")
    assert core.next_event() == Command("a", "APPEND", Append("x", (), None, 40, None, True))
    with pytest.raises(RuntimeError):
        core.next_event()
    core.accept_literal()
    core.feed(b"m" * 30)
    assert core.next_event() == LiteralChunk(b"m" * 30)
    assert core.next_event() is NEED_MORE
    core.feed(b"n" * 10 + b"\r\nz NOOP\r\n")
    assert drain(core) == [LiteralChunk(b"n" * 10), LITERAL_END, NOOP]


def test_refused_message_is_read_over_only_when_it_is_on_its_way() -> None:
    waiting = logged_in(SMALL)
    waiting.feed(b"a APPEND x {40}\r\n")
    waiting.next_event()
    waiting.refuse_literal()
    waiting.feed(b"z NOOP\r\n")
    assert drain(waiting) == [NOOP]
    sending = logged_in(SMALL)
    sending.feed(b"a APPEND x {40+}\r\n")
    sending.next_event()
    sending.refuse_literal()
    sending.feed(b"m" * 40 + b"\r\nz NOOP\r\n")
    assert drain(sending) == [NOOP]


def test_message_over_the_limit() -> None:
    toobig = BadSyntax("a", "Message too large", "TOOBIG")
    assert told(logged_in(SMALL), [b"a APPEND x {101}\r\nz NOOP\r\n"]) == [toobig, NOOP]
    assert told(logged_in(SMALL), [b"a APPEND x {101+}\r\n"]) == [Fatal("Message too large")]


def test_message_before_login_is_a_literal_like_any_other() -> None:
    assert told(ImapCore(SMALL), [b"a APPEND x {25}\r\n"]) == [BadSyntax("a", "Literal too large", "TOOBIG")]


def test_wrong_append_with_a_message_on_its_way_costs_one_answer() -> None:
    events = told(logged_in(), [b"a APPEND x (\\Seen {5+}\r\nhello {3+}\r\nyou\r\nz NOOP\r\n"])
    assert events == [BadSyntax("a", "Flag expected"), NOOP]


def test_second_message_is_refused_and_read_over() -> None:
    [refusal, after] = told(logged_in(), [b"a APPEND x {2+}\r\nhi (\\Seen) {3+}\r\nyou\r\nz NOOP\r\n"])
    assert isinstance(refusal, BadSyntax)
    assert refusal.tag == "a"
    assert after == NOOP


def test_bare_line() -> None:
    core = logged_in()
    core.feed(b"DONE")
    core.expect_line()
    assert core.next_event() is NEED_MORE
    core.feed(b"\r\nz NOOP\r\n")
    assert drain(core) == [Line(b"DONE"), NOOP]


def test_nothing_before_tls_survives_it() -> None:
    core = ImapCore()
    core.feed(b"a STARTTLS\r\nb LOGIN {3}\r\n")
    core.next_event()
    core.next_event()
    core.clear()
    core.feed(b"z NOOP\r\n")
    assert drain(core) == [NOOP]


@pytest.mark.parametrize("line", [b"", b" ", b"* NOOP", b"+ NOOP", b"a(b NOOP", b"\xff\xfe x"])
def test_without_a_tag_the_answer_is_untagged(line: bytes) -> None:
    [event] = told(ImapCore(), [line + b"\r\n"])
    assert isinstance(event, BadSyntax)
    assert event.tag == "*"


@pytest.mark.parametrize("line", [b"a", b"a ", b"a XYZZY", b"a UID", b"a UID NOOP", b"a NOOP x"])
def test_with_a_tag_the_answer_is_tagged(line: bytes) -> None:
    [event] = told(ImapCore(), [line + b"\r\n"])
    assert isinstance(event, BadSyntax)
    assert event.tag == "a"


def test_surplus_spaces_are_overlooked() -> None:
    assert told(ImapCore(), [b"z NOOP  \r\n"]) == [NOOP]
    [event] = told(ImapCore(), [b"a LOGIN  joe   {3+}\r\npw   \r\n"])
    assert event == Command("a", "LOGIN", Login("joe", "pw "))


def test_names_of_commands_are_read_in_any_case() -> None:
    assert told(ImapCore(), [b"z nOoP\n"]) == [NOOP]


_PIECES = st.sampled_from(
    [
        b"a1 NOOP\r\n",
        b"a2 LOGIN {3}\r\njoe {2+}\r\npw\r\n",
        b"a3 FETCH 1:* (FLAGS BODY[]<0.5>)\r\n",
        b"a4 APPEND box {5}\r\nhello\r\n",
        b"a5 APPEND box {45+}\r\n" + b"m" * 45 + b"\r\n",
        b"a6 APPEND box {101}\r\n",
        b"a7 APPEND box ({7+}\r\n1234567\r\n",
        b"a8 SEARCH OR TEXT {4}\r\nfour NOT ALL\r\n",
        b"a9 FOO {9+}\r\n123456789 {1+}\r\nx\r\n",
        b"b1 APPEND {3}\r\nbox {0+}\r\n\r\n",
        b"{3}\r\n",
        b"{99+}\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"(",
        b'"',
        b"\x00",
        b"\xff" * 30,
    ]
)
_STREAMS = st.lists(_PIECES | st.binary(max_size=12), max_size=8).map(b"".join)


@given(_STREAMS, st.data())
@settings(max_examples=400, deadline=None)
def test_cutting_the_input_changes_nothing(stream: bytes, data: st.DataObject) -> None:
    whole = told(logged_in(SMALL), [stream])
    assert told(logged_in(SMALL), [bytes((octet,)) for octet in stream]) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[low:high] for low, high in itertools.pairwise(edges)]
    assert told(logged_in(SMALL), pieces) == whole
