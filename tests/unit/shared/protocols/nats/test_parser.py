"""The NATS reader: what it makes of frames, however they are cut, and of anything else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.nats import headers
from shared.protocols.nats.frames import Frame, Info, Message, Ok, Ping, Pong, ServerError
from shared.protocols.nats.parser import NatsError, Parser

subjects = st.from_regex(rb"[a-z]{1,8}(\.[a-z0-9]{1,8}){0,3}", fullmatch=True)
sids = st.integers(1, 10**6).map(lambda number: b"%d" % number)
blocks = st.dictionaries(st.sampled_from([b"Trace", b"Deadline", b"Other"]), st.just(b"x y")).map(headers.block)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, Frame]:
    subject, sid = draw(subjects), draw(sids)
    reply = draw(st.just(b"") | subjects)
    block = draw(st.just(b"") | blocks)
    payload = draw(st.binary(max_size=300))
    words = [b"HMSG" if block else b"MSG", subject, sid, *([reply] if reply else [])]
    words += [b"%d" % len(block)] if block else []
    words += [b"%d" % (len(block) + len(payload))]
    return b" ".join(words) + b"\r\n" + block + payload + b"\r\n", Message(subject, sid, reply, block, payload)


controls = st.sampled_from(
    [
        (b"PING\r\n", Ping()),
        (b"PONG\r\n", Pong()),
        (b"+OK\r\n", Ok()),
        (b"-ERR 'Slow Consumer'\r\n", ServerError("Slow Consumer")),
        (b'INFO {"server_name":"a","max_payload":9}\r\n', Info("a", "", 9, lame_duck=False, headers=False)),
    ]
)


@given(st.lists(messages() | controls, max_size=8), st.data())
def test_frames_are_the_same_wherever_the_stream_is_cut(sent: list[tuple[bytes, Frame]], data: st.DataObject) -> None:
    stream = b"".join(octets for octets, _ in sent)
    expected = [frame for _, frame in sent]
    assert Parser().feed(stream) == expected
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    parser = Parser()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [frame for piece in pieces for frame in parser.feed(piece)] == expected
    parser = Parser()
    assert [frame for at in range(len(stream)) for frame in parser.feed(stream[at : at + 1])] == expected


@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"MSG a 1 5\r\n", b"HMSG a 1 9 3\r\n", b"INFO {}\r\n"])))
def test_anything_else_is_a_protocol_error(pieces: list[bytes]) -> None:
    parser = Parser()
    with suppress(NatsError):
        for piece in pieces:
            parser.feed(piece)


@pytest.mark.parametrize(
    "stream",
    [
        b"MSG a 1 -1\r\n",
        b"MSG a 1 99999999\r\n",
        b"MSG a 1\r\n",
        b"MSG a 1 2\r\nabcd",
        b"HMSG a 1 5 3\r\nabc\r\n",
        b"MOO a 1 3\r\n",
        b"GET / HTTP/1.1\r\n",
        b"INFO [\r\n",
        b"INFO 7\r\n",
        b"P" * 70_000,
    ],
)
def test_lies_are_found_out(stream: bytes) -> None:
    with pytest.raises(NatsError):
        Parser().feed(stream)
    with pytest.raises(NatsError):
        _feed_in_sevens(stream)


def _feed_in_sevens(stream: bytes) -> None:
    parser = Parser()
    for at in range(0, len(stream), 7):
        parser.feed(stream[at : at + 7])


def test_no_responders_is_a_status_and_fields_are_found() -> None:
    assert headers.status(b"NATS/1.0 503\r\n\r\n") == headers.NO_RESPONDERS
    block = headers.block({b"Deadline": b"80", b"Trace": b"T"})
    assert headers.status(block) == b""
    assert (headers.field(block, b"Trace"), headers.field(block, b"Dead")) == (b"T", b"")


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ('Permissions Violation for Publish to "a.b"', ("publish", "a.b")),
        ('Permissions Violation for Subscription to "a.*" using queue "q"', ("subscription", "a.*")),
        ("Authorization Violation", None),
        ("Slow Consumer", None),
    ],
)
def test_a_denial_names_what_was_denied(text: str, denied: tuple[str, str] | None) -> None:
    assert ServerError(text).denied == denied
