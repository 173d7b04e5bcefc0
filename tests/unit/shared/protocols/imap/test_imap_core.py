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
    MessageStep,
)
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.append import Append, Literal, Message, Url
from shared.protocols.imap.syntax.login import Login
from shared.protocols.imap.syntax.noop import Noop
from shared.protocols.imap.syntax.replace import Replace
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
        Command("a", "APPEND", Append("INBOX", (Message(("\\Seen",), 1, (b"abc",)),))),
    ]


def test_large_message_is_streamed() -> None:
    core = logged_in(SMALL)
    core.feed(b"a APPEND x {40}\r\n")
    assert core.next_event() == Command("a", "APPEND", Append("x", (Message((), None),), Literal(40, True)))
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


def test_wrong_second_message_costs_one_answer() -> None:
    [refusal, after] = told(logged_in(), [b"a APPEND x {2+}\r\nhi (\\Seen {3+}\r\nyou {1+}\r\n!\r\nz NOOP\r\n"])
    assert isinstance(refusal, BadSyntax)
    assert refusal.tag == "a"
    assert after == NOOP


def test_small_messages_come_together() -> None:
    stream = b'a APPEND x {2+}\r\nhi (\\Seen) " 1-Jan-1970 00:00:01 +0000" ~{3}\r\nyo\0\r\nz NOOP\r\n'
    messages = (Message((), None, (b"hi",)), Message(("\\Seen",), 1, (b"yo\0",), binary=True))
    assert told(logged_in(), [stream]) == [ContinuationNeeded(3), Command("a", "APPEND", Append("x", messages)), NOOP]


def test_message_catenated_of_texts_and_urls() -> None:
    stream = b'a APPEND x (\\Draft) CATENATE (URL "/y/;UID=1" TEXT {2+}\r\nhi URL {3+}\r\n/z; TEXT {1}\r\n!)\r\n'
    parts = (Url("/y/;UID=1"), b"hi", Url("/z;"), b"!")
    assert told(logged_in(), [stream]) == [
        ContinuationNeeded(1),
        Command("a", "APPEND", Append("x", (Message(("\\Draft",), None, parts),))),
    ]
    [event] = told(logged_in(), [b"a APPEND {1+}\r\nx CATENATE (URL /y)\r\n"])
    assert event == Command("a", "APPEND", Append("x", (Message((), None, (Url("/y"),)),)))


def test_what_stands_behind_a_streamed_literal_is_told_as_it_comes() -> None:
    stream = b"a APPEND x CATENATE (TEXT {40+}\r\n" + b"m" * 40 + b" URL /y) (\\Seen) {2}\r\nhi {0+}\r\n\r\n"
    stream += b"z NOOP\r\n"
    assert told(logged_in(SMALL), [stream]) == [
        Command("a", "APPEND", Append("x", (Message((), None),), Literal(40, False))),
        LiteralChunk(b"m" * 40),
        MessageStep(Url("/y")),
        MessageStep(Message(("\\Seen",), None)),
        ContinuationNeeded(2),
        LiteralChunk(b"hi"),
        MessageStep(Message((), None)),
        LITERAL_END,
        NOOP,
    ]


def test_a_message_that_is_given_up_ends_where_the_client_waits() -> None:
    core = logged_in(SMALL)
    core.feed(b"a APPEND x {40+}\r\n" + b"m" * 40 + b" {1+}\r\nx {50}\r\n")
    core.next_event()
    core.accept_literal()
    core.give_up()
    core.feed(b"z NOOP\r\n")
    assert drain(core)[-2:] == [LITERAL_END, NOOP]


def test_small_messages_that_grow_too_large_together_are_streamed() -> None:
    stream = b"a APPEND x {20+}\r\n" + b"m" * 20 + b" {20+}\r\n" + b"n" * 20 + b"\r\n"
    held = (Message((), None, (b"m" * 20,)), Message((), None))
    assert told(logged_in(SMALL), [stream]) == [
        Command("a", "APPEND", Append("x", held, Literal(20, False))),
        LiteralChunk(b"n" * 20),
        LITERAL_END,
    ]


def test_messages_in_one_command_are_bounded() -> None:
    events = told(logged_in(), [b"a APPEND x {0+}\r\n", *[b" {0+}\r\n"] * 2_000, b"\r\nz NOOP\r\n"])
    assert events == [BadSyntax("a", "Too many messages or parts in one command", "LIMIT", "NO"), NOOP]


def test_replacement() -> None:
    message = Message((), None, (b"hi",))
    numbers = SequenceSet(((3, 3),))
    assert told(logged_in(), [b"a UID REPLACE 3 x {2+}\r\nhi\r\n"]) == [
        Command("a", "REPLACE", Replace(True, numbers, "x", (message,)))
    ]
    for wrong in (b"3:4 x {2+}\r\nhi", b"$ x {2+}\r\nhi", b"3 x {2+}\r\nhi {2+}\r\nho", b"3 x", b"3 {1+}\r\nx"):
        [event, after] = told(logged_in(), [b"a REPLACE " + wrong + b"\r\nz NOOP\r\n"])
        assert isinstance(event, BadSyntax), wrong
        assert after == NOOP


@pytest.mark.parametrize(
    "wrong",
    [
        b"CATENATE ()",
        b"CATENATE (TEXT {1+}\r\nx",
        b"CATENATE (TEXT {1+}\r\nx URL)",
        b"CATENATE (TEXT ~{1+}\r\nx)",
        b"CATENATE (PICTURE {1+}\r\nx)",
        b"CATENATE (URL /y) x",
        b"UTF8 ({1+}\r\nx)",
        b"UTF8 (~{1+}\r\nx",
        b"(\\Seen)",
        b"",
    ],
)
def test_append_that_is_none(wrong: bytes) -> None:
    [event, after] = told(logged_in(), [b"a APPEND x " + wrong + b"\r\nz NOOP\r\n"])
    assert isinstance(event, BadSyntax)
    assert event.status == "BAD"
    assert after == NOOP


def test_utf8_message() -> None:
    messages = (Message((), None, ("é".encode(),), binary=True),)
    [event] = told(logged_in(), ["a APPEND x UTF8 (~{2+}\r\né)\r\n".encode()])
    assert event == Command("a", "APPEND", Append("x", messages))


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
        b"b2 APPEND box {5+}\r\nhello (\\Seen) {45+}\r\n" + b"m" * 45 + b" {3}\r\nyou\r\n",
        b"b3 APPEND box CATENATE (URL {2+}\r\n/x TEXT {45+}\r\n" + b"m" * 45 + b" URL {2}\r\n/y URL /z)\r\n",
        b"b4 UID REPLACE 4 box ~{2+}\r\nhi\r\n",
        b"b5 APPEND box UTF8 (~{2+}\r\nhi)\r\n",
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
