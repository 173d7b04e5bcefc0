"""Parts encoded for ways that carry less, and what a message asks of its way."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.encoders import encoder
from shared.mail.recoding import Recoder, binary_to_base64, labels_to_seven_bit, recoded
from shared.mail.survey import Survey
from shared.mail.transfer import decode_transfer
from tests.support.survey import surveyed

NOISE = bytes(range(256)) * 3 + b"\n--cat\n\0\r\n"
TEXT = "Grüße, 世界 = \r\n.\r\ntrailing \r\n".encode()
MIXED = (
    b"MIME-Version: 1.0\r\nSubject: a\r\nContent-Type: multipart/mixed; boundary=cut\r\n"
    b"Content-Transfer-Encoding: binary\r\n\r\npreamble\r\n"
    b"--cut\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding:\r\n 8BIT (of course)\r\n"
    b"X: y\r\n\r\n"
    + TEXT
    + b"\r\n--cut\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    + NOISE
    + b"\r\n--cut\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"Subject: inner\r\nContent-Type: text/html; charset=latin1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<b>\xfc</b>"
    b"\r\n--cut--\r\n"
)
PIECES = st.lists(
    st.sampled_from([b"a", b"=", b" ", b"\t", b".", b"\r\n", b"\xe9", b"\0", b"\n", b"\r", b"x" * 70, b"--cut\r\n"])
).map(b"".join)


def leaves(octets: bytes) -> list[tuple[str, bytes | None]]:
    """Type and decoded body of each leaf, as Python's own parser sees them."""
    found: list[tuple[str, bytes | None]] = []

    def walk(part: Message) -> None:
        if part.is_multipart():
            for each in part.get_payload():
                assert isinstance(each, Message)
                walk(each)
        else:
            payload = part.get_payload(decode=True)
            assert payload is None or isinstance(payload, bytes)
            found.append((part.get_content_type(), payload))

    walk(message_from_bytes(octets, policy=policy.compat32))
    return found


def test_everything_becomes_ascii_and_decodes_to_what_it_was() -> None:
    survey = surveyed(MIXED)
    assert (survey.eight_bit, survey.binary, survey.carries_binary, survey.convertible) == (True, True, True, True)
    octets = recoded(MIXED, survey.seven_bit)
    assert octets.isascii()
    assert b"\0" not in octets
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    assert leaves(octets) == [
        ("text/plain", TEXT),
        ("image/png", NOISE),
        ("text/html", b"<b>\xfc</b>"),
    ]
    assert octets.count(b"Content-Transfer-Encoding: 7bit") == 2  # of the containers
    assert b"Content-Transfer-Encoding: quoted-printable\r\nX: y\r\n" in octets
    assert not surveyed(octets).eight_bit


def test_a_way_for_lines_keeps_text_and_encodes_what_is_none() -> None:
    octets = recoded(MIXED, surveyed(MIXED).lines)
    assert TEXT in octets
    assert NOISE not in octets
    assert octets.count(b"\n") == octets.count(b"\r\n")
    assert leaves(octets)[1] == ("image/png", NOISE)
    assert b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\npreamble" in octets


def test_text_without_any_label_gets_one() -> None:
    octets = recoded(b"Subject: a\r\n\r\n\xe9t\xe9\r\n", surveyed(b"Subject: a\r\n\r\n\xe9t\xe9\r\n").seven_bit)
    assert octets == (
        b"Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=E9t=E9\r\n"
    )


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: \xe9\r\n\r\na\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n\xe9\r\n--x\r\n\r\na\r\n--x--\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n\xe9",
        b"Content-Transfer-Encoding: base64\r\n\r\n\xe9",
    ],
    ids=["header", "preamble", "epilogue", "a lie"],
)
def test_what_no_encoding_reaches(octets: bytes) -> None:
    survey = surveyed(octets)
    assert not survey.convertible
    assert recoded(octets, survey.seven_bit).count(b"\xe9") == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: a\n\r\n\r\n",
        b"Content-Type: text/plain\r\n\r\na\nb",
        b"Content-Type: text/plain\r\n\r\na\rb",
        b"Content-Type: text/plain\r\n\r\na\r",
        b"Content-Type: text/plain\r\n\r\n\0",
        b"Content-Type: text/plain\r\n\r\n" + b"a" * 999,
    ],
)
def test_what_only_binary_parts_may_hold(octets: bytes) -> None:
    assert not surveyed(octets).carries_binary
    assert surveyed(octets.replace(b"Content-Type", b"Content-Transfer-Encoding: binary\r\nContent-Type")).binary is (
        b"Content-Type" in octets
    )


def test_labels_decide_what_is_submitted() -> None:
    octets = recoded(MIXED, labels_to_seven_bit)
    assert octets.isascii()
    assert leaves(octets) == leaves(recoded(MIXED, surveyed(MIXED).seven_bit))


@given(PIECES, PIECES, st.sampled_from([b"8bit", b"binary", b"7bit", b"x-other", b"base64"]), st.integers(1, 40))
def test_recoding_is_the_same_however_it_is_cut(one: bytes, two: bytes, label: bytes, step: int) -> None:
    octets = (
        b"Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Transfer-Encoding: %b\r\n\r\n%b\r\n"
        b"--cut\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: binary\r\n\r\n%b\r\n--cut--\r\n"
    ) % (label, one, two)
    whole = surveyed(octets)
    survey = Survey()
    for start in range(0, len(octets), step):
        survey.feed(octets[start : start + step])
    survey.finish()
    for name in ("eight_bit", "binary", "carries_binary", "convertible"):
        assert getattr(survey, name) == getattr(whole, name)
    for choose, same in ((whole.seven_bit, survey.seven_bit), (whole.lines, survey.lines)):
        recoder = Recoder(same)
        pieces = [recoder.feed(octets[start : start + step]) for start in range(0, len(octets), step)]
        assert b"".join([*pieces, recoder.finish()]) == recoded(octets, choose)
    if whole.convertible:
        assert recoded(octets, whole.seven_bit).isascii()


@given(st.binary(max_size=400))
def test_any_octets_can_be_surveyed_and_recoded(octets: bytes) -> None:
    survey = surveyed(octets)
    for choose in (survey.seven_bit, survey.lines, labels_to_seven_bit, binary_to_base64):
        recoded(octets, choose)


@given(st.lists(st.binary(max_size=60)), st.integers(1, 50))
def test_encoding_can_be_undone(lines: list[bytes], step: int) -> None:
    text = b"\r\n".join([line.replace(b"\r", b"").replace(b"\n", b"") for line in lines])
    for name in ("base64", "quoted-printable"):
        one = encoder(name)
        pieces = [one.feed(text[start : start + step]) for start in range(0, len(text), step)]
        octets = b"".join([*pieces, one.finish()])
        assert octets.isascii()
        assert max(map(len, octets.split(b"\r\n"))) <= 76
        assert decode_transfer(octets, name) == text


def test_an_endless_line_is_encoded_without_being_held() -> None:
    one = encoder("quoted-printable")
    octets = b"".join([one.feed(b"\xe9 b" * 1_000) for _ in range(100)])
    assert len(octets) > 400_000
    assert decode_transfer(octets + one.finish(), "quoted-printable") == b"\xe9 b" * 100_000
