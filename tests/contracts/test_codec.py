"""The wire form of contracts: what is sent is what is read; anything else is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import codec, directory, messages, spool
from shared.contracts.blobs import Body, Summary
from shared.contracts.op import Op
from shared.contracts.subjects import EVENTS, OPERATIONS

SUMMARY = Summary(1, 2, b"()", b"()", b"", "", "<1@x>", "s", "f", 3)
ACCEPT = spool.Accept("01", "t", "a@b", (spool.Recipient("c@d", "", ("NEVER",)),), Body(b"\r\n"), SUMMARY)


class Old(NamedTuple):
    name: str


class New(NamedTuple):
    name: str
    added: int = 7


def test_what_is_sent_is_what_is_read() -> None:
    assert codec.decode(spool.Accept, codec.encode(ACCEPT)) == ACCEPT
    store = messages.Store(b"g", "k", 1, b"", messages.Mode.ADD, ("\\Seen",), None)
    read = codec.decode(messages.Store, codec.encode(store))
    assert read == store
    assert read.mode is messages.Mode.ADD


def test_two_versions_understand_each_other() -> None:
    assert codec.decode(New, codec.encode(Old("x"))) == New("x", 7)
    assert codec.decode(Old, codec.encode(New("x", 8))) == Old("x")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        "text",
        {"letter": "01"},
        (),
        ("01",),
        (1, *ACCEPT[1:]),
        (*ACCEPT[:3], "recipients", *ACCEPT[4:]),
        (*ACCEPT[:3], ((b"bytes", "", ()),), *ACCEPT[4:]),
    ],
)
def test_another_shape_or_type_is_refused(wrong: object) -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(spool.Accept, msgpack.packb(wrong))


def test_a_truth_value_is_no_number() -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(spool.Extended, msgpack.packb((True,)))


def test_an_unknown_word_of_an_enumeration_is_refused() -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(spool.QueueAct, msgpack.packb(("explode", spool.QueueFilter())))


@pytest.mark.parametrize(
    "octets", [b"", b"\xc1", b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff", b"\xdb\x7f\xff\xff\xffx"]
)
def test_case_69_depth_and_lies_about_length_are_refused(octets: bytes) -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(spool.Accept, octets)


@given(st.binary(max_size=200))
def test_case_69_no_octets_raise_anything_else(octets: bytes) -> None:
    for kind in (spool.Accept, messages.Append, directory.Resolved):
        with suppress(codec.Undecodable):
            codec.decode(kind, octets)


@pytest.mark.parametrize("op", OPERATIONS.values(), ids=lambda op: op.name)
def test_every_operation_has_a_wire_form(op: Op[Any, Any]) -> None:
    assert callable(op.decode_request)
    assert callable(op.decode_reply)
    assert op.callers
    assert op.deadline > 0


def test_every_event_has_publishers_and_listeners() -> None:
    for event in EVENTS.values():
        assert callable(event.decode)
        assert event.publishers
        assert event.listeners


ADD = messages.Mode.ADD.value


class Mixed(NamedTuple):
    weight: float
    mode: messages.Mode
    parts: tuple[New, ...] = ()
    since: int | None = None


@pytest.mark.parametrize(
    "sent",
    [
        (1.5, ADD, (("x", 8),), None),
        (1, ADD, (("x", 8),), None),
        (1.5, ADD, (("x", 8),), 3),
        (1.5, ADD, (("x", 8, "newer"),), None, "newer"),
        (1.5, ADD, [("x", 8)]),
    ],
)
def test_the_usual_form_and_others_become_the_same_value(sent: tuple[Any, ...]) -> None:
    read = codec.decode(Mixed, msgpack.packb(sent))
    assert read == Mixed(sent[0], messages.Mode.ADD, (New("x", 8),), 3 if 3 in sent else None)
    assert type(read.weight) is float
    assert type(read) is Mixed
    assert type(read.parts[0]) is New


@pytest.mark.parametrize("wrong", [("1", ADD), (1.5, "explode", (), None), (1.5, ADD, (("x", "y"),), None)])
def test_a_wrong_field_is_found_in_the_usual_form_and_in_others(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(Mixed, msgpack.packb(wrong))
