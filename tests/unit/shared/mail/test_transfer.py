"""Transfer encodings undone in pieces, and made for bodies that IMAP could not carry."""

from __future__ import annotations

from base64 import b64encode, encodebytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.parts import section, unpack
from shared.mail.recoding import Recoder, binary_to_base64
from shared.mail.summary import summarise
from shared.mail.transfer import KNOWN, decoder

PICTURE = bytes(range(256)) * 3 + b"\n--cat\n\0\r\n"
MESSAGE = (
    b"Subject: a\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\npreamble\r\n"
    b"--cut\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngr\xfc\xdfe\r\n"
    b"--cut\r\nContent-Type: image/png\r\nContent-Transfer-Encoding:  BINARY \r\nX: y\r\n\r\n%b\r\n--cut--\r\nend\r\n"
)


def decoded(pieces: list[bytes], encoding: str) -> bytes:
    one = decoder(encoding)
    return b"".join([*map(one.feed, pieces), one.finish()])


@pytest.mark.parametrize(
    ("encoding", "octets", "becomes"),
    [
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("base64", b"aGVsbG8", b"hello"),
        ("base64", b"aGV*sbG8=aGVsbG8=", b"hello"),
        ("base64", b"a", b""),
        ("quoted-printable", b"gr=FC=\r\n=DFe = =3d =4\r\n", b"gr\xfc\xdfe = = =4\r\n"),
        ("quoted-printable", b"ends =", b"ends ="),
        ("8bit", b"gr\xfc\xdfe", b"gr\xfc\xdfe"),
    ],
)
def test_decoding(encoding: str, octets: bytes, becomes: bytes) -> None:
    assert decoded([octets], encoding) == becomes


@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"=", b"4", b"1", b"\r", b"\n", b"QUJD"])).map(b"".join))
def test_cutting_a_body_changes_nothing(octets: bytes) -> None:
    for encoding in KNOWN:
        whole = decoded([octets], encoding)
        assert decoded([bytes((octet,)) for octet in octets], encoding) == whole
        assert decoded([octets[:7], octets[7:]], encoding) == whole


@given(st.binary(max_size=500))
def test_decoding_base64_undoes_encoding(octets: bytes) -> None:
    assert decoded([encodebytes(octets)], "base64") == octets


def converted(pieces: list[bytes]) -> bytes:
    one = Recoder(binary_to_base64)
    return b"".join([*map(one.feed, pieces), one.finish()])


def test_a_binary_part_becomes_base64_and_the_rest_stays() -> None:
    octets = MESSAGE % PICTURE
    message = converted([octets])
    assert b"\0" not in message
    before, after = message.split(b"X: y\r\n\r\n")
    assert before == octets.split(b"X: y")[0].replace(b"BINARY ", b"base64")
    assert after == encodebytes(PICTURE).replace(b"\n", b"\r\n") + b"\r\n--cut--\r\nend\r\n"
    summary = summarise(message)
    assert unpack(summary.parts)[2].part.encoding == "base64"
    start, end = section(summary.parts, (2,)) or (0, 0)
    assert decoded([message[start:end]], "base64") == PICTURE


def test_a_binary_message_without_parts_becomes_base64() -> None:
    head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: %b\r\n\r\n"
    assert converted([head % b"binary" + b"\0\1"]) == head % b"base64" + b64encode(b"\0\1") + b"\r\n"


@given(st.binary(max_size=200), st.integers(1, 40))
def test_cutting_the_message_changes_nothing(picture: bytes, size: int) -> None:
    octets = MESSAGE % picture
    pieces = [octets[start : start + size] for start in range(0, len(octets), size)]
    assert converted(pieces) == converted([octets])


@given(st.binary(max_size=400))
def test_what_is_not_binary_passes(octets: bytes) -> None:
    assert converted([octets]) == octets
