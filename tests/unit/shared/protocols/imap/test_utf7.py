"""Modified UTF-7: round trips, and one form only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap import utf7

_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)


@given(_TEXT)
def test_round_trip(name: str) -> None:
    assert utf7.decode(utf7.encode(name)) == name


@given(st.binary(max_size=20) | st.text(alphabet="&-,+/AaB9 ", max_size=12).map(str.encode))
def test_what_is_taken_is_canonical(octets: bytes) -> None:
    try:
        name = utf7.decode(octets)
    except ValueError:
        return
    assert utf7.encode(name) == octets


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("R&D", b"R&-D"),
        ("\U0001f4e7", b"&2D3c5w-"),
        ("\t", b"&AAk-"),
        ("", b""),
    ],
)
def test_examples(name: str, octets: bytes) -> None:
    assert utf7.encode(name) == octets
    assert utf7.decode(octets) == name


@pytest.mark.parametrize(
    "octets",
    [
        b"a&b",  # not closed
        b"&",
        b"&AGE-",  # "a" may stand for itself only
        b"&U,BTFw-&ZeVnLIqe-",  # two runs where one would do
        b"&2D0-",  # half a surrogate pair
        b"&APx-",  # stray bits
        b"&AP-",  # half a character
        b"Entw\xc3\xbcrfe",
        b"tab\t",
        b"&ACY-",
    ],
)
def test_refused(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"UTF-7|ASCII"):
        utf7.decode(octets)
