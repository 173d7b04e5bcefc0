from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.protocols.errors import ProtocolError
from shared.protocols.smtp.client import wire
from shared.protocols.smtp.core import ServerCore
from shared.protocols.smtp.errors import CommandError, Violation
from shared.protocols.smtp.events import Command, DataChunk, DataEnd

Seen = list[object]

octet_soup = st.lists(
    st.sampled_from(
        [b"DATA\r\n", b"BDAT 5\r\n", b"\r\n", b".\r\n", b"\r\n.\r\n", b"..", b"\r", b"\n", b"\0", b"x", b"NOOP "]
    )
    | st.binary(max_size=8)
).map(b"".join)
text_lines = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text", b"Subject: y", b"\xff\xfe"])).map(
    lambda lines: b"".join(line + b"\r\n" for line in lines)
)


def cut(octets: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in pairwise(edges)]


def drive(pieces: Iterable[bytes], start: Callable[[ServerCore], None] | None = None) -> Seen:
    """All that the core says, neighbouring chunks joined; DATA and BDAT are obeyed as a server would."""
    core = ServerCore()
    if start:
        start(core)
    seen: Seen = []
    for piece in pieces:
        core.feed(piece)
        if not _drain(core, seen):
            break
    return seen


def _drain(core: ServerCore, seen: Seen) -> bool:
    while True:
        try:
            event = core.next_event()
        except Violation as error:
            seen.append(error.reply)
            return False
        except CommandError as error:
            seen.append(error.reply)
            continue
        if event is None:
            return True
        if isinstance(event, DataChunk) and seen and isinstance(seen[-1], bytes):
            seen[-1] += event.octets
        else:
            seen.append(event.octets if isinstance(event, DataChunk) else event)
        if isinstance(event, Command) and event.verb == "DATA":
            core.expect_data()
        elif isinstance(event, Command) and event.verb == "BDAT":
            core.expect_chunk(len(event.argument), first=True)


def without_partial_message(seen: Seen) -> Seen:
    """A violation may be seen after more or fewer of the octets before it, depending on the cut."""
    if seen and getattr(seen[-1], "code", 0) == 521 and len(seen) > 1 and isinstance(seen[-2], bytes):
        return [*seen[:-2], seen[-1]]
    return seen


@given(octets=octet_soup, places=st.lists(st.integers(0, 10_000), max_size=6))
@example(octets=b"DATA\r\nx\r\n.\r\nNOOP\r\n", places=[7, 8, 9, 10, 11])
@example(octets=b"DATA\r\n.\r\n", places=[7, 8])
def test_cutting_the_input_changes_nothing(octets: bytes, places: list[int]) -> None:
    whole = without_partial_message(drive([octets]))
    assert without_partial_message(drive(cut(octets, places))) == whole
    assert without_partial_message(drive(octets[at : at + 1] for at in range(len(octets)))) == whole


@given(octets=st.binary(max_size=300), mode=st.sampled_from(["command", "line", "data", "chunk"]))
def test_arbitrary_octets_raise_only_protocol_errors(octets: bytes, mode: str) -> None:
    core = ServerCore(command_limit=40)
    if mode == "line":
        core.expect_line(20)
    elif mode == "data":
        core.expect_data()
    elif mode == "chunk":
        core.expect_chunk(100, first=True)
    core.feed(octets)
    for _ in range(400):
        try:
            if core.next_event() is None:
                break
        except ProtocolError:
            continue


@given(message=text_lines, places=st.lists(st.integers(0, 10_000), max_size=6))
def test_dot_stuffing_round_trip(message: bytes, places: list[int]) -> None:
    sent = wire.whole(message, stuffed=True) + b"QUIT\r\n"
    seen = drive(cut(sent, places), ServerCore.expect_data)
    expected: Seen = [message] if message else []
    assert seen == [*expected, DataEnd(), Command("QUIT", b"")]


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\r.\r",
        b"\r.\n",
        b"\n.\r",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r\n",
        b"\r\n.\r",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
    ],
)
def test_no_malformed_end_of_data_ends_it(end: bytes) -> None:
    seen = drive([b"DATA\r\nSubject: x\r\n\r\ntext" + end + b"MAIL FROM:<a@b>\r\n\r\n.\r\n"])
    assert seen[0] == Command("DATA", b"")
    assert getattr(seen[-1], "code", 0) == 521
    assert not any(isinstance(event, DataEnd) for event in seen)


def test_a_line_may_be_long_but_not_endless_and_is_never_cut() -> None:
    for size, overlong in ((65_534, False), (65_535, True), (300_000, True)):
        core = ServerCore()
        core.expect_data()
        core.feed(b"a\r\n" + b"x" * size + b"\r\nb\r\n.\r\n")
        octets = b""
        while isinstance(event := core.next_event(), DataChunk):
            octets += event.octets
        assert isinstance(event, DataEnd)
        assert len(octets) == size + 8
        assert core.overlong is overlong


def test_an_endless_command_line_is_refused_at_its_limit_and_takes_no_memory() -> None:
    core = ServerCore()
    refusals: Seen = []
    for _ in range(1000):
        core.feed(b"A" * 65_536)
        seen: Seen = []
        assert _drain(core, seen)
        refusals += seen
        assert core.buffered < 2
    assert [getattr(refusal, "code", 0) for refusal in refusals] == [500]
    core.feed(b"\r\nNOOP\r\n")
    assert core.next_event() == Command("NOOP", b"")


def test_three_endless_lines_end_the_connection() -> None:
    core = ServerCore()
    core.feed((b"A" * 3000 + b"\r\n") * 3)
    for _ in range(2):
        with pytest.raises(CommandError):
            core.next_event()
    with pytest.raises(Violation):
        core.next_event()


@given(octets=octet_soup, places=st.lists(st.integers(0, 10_000), max_size=6))
def test_a_chunk_keeps_its_length_and_its_line_ends_are_judged_over_all_cuts(
    octets: bytes, places: list[int]
) -> None:
    core = ServerCore()
    core.expect_chunk(len(octets), first=True)
    seen: Seen = []
    for piece in [*cut(octets, places), b"NOOP\r\n"]:
        core.feed(piece)
        _drain(core, seen)
    expected: Seen = [octets] if octets else []
    assert seen == [*expected, DataEnd(), Command("NOOP", b"")]
    rest = octets.replace(b"\r\n", b"")
    assert core.line_ends.broken == any(octet in rest for octet in b"\r\n\0")


def test_a_lone_line_feed_ends_no_command() -> None:
    assert drive([b"NOOP\nQUIT\r\n"]) == [Command("NOOP\nQUIT", b"")]
