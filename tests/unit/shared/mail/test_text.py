"""Decoded text of parts."""

from __future__ import annotations

import base64
import quopri

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.charsets import known
from shared.mail.html_text import html_to_text
from shared.mail.parts import leaves
from shared.mail.summary import summarise
from shared.mail.text import decode_body, part_text
from tests.support.letters import ALMOST_LETTERS

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))


@given(TEXTS)
def test_what_was_encoded_is_decoded(text: str) -> None:
    octets = text.encode()
    assert decode_body(octets, "8bit", "utf-8") == text
    assert decode_body(base64.encodebytes(octets), "base64", "utf-8") == text
    assert decode_body(quopri.encodestring(octets), "quoted-printable", "utf-8") == text


def test_broken_base64_gives_what_there_is() -> None:
    assert decode_body(b"aGVs*bG8", "base64", "utf-8") == "hello"
    assert decode_body(b"aGVsbG8gd", "base64", "utf-8") == "hello "
    assert decode_body(b"!", "base64", "utf-8") == ""


def test_charsets() -> None:
    assert decode_body("Grüße".encode("iso-8859-15"), "8bit", "ISO-8859-15") == "Grüße"
    assert decode_body("Привет".encode("koi8-r"), "8bit", "koi8-r") == "Привет"
    assert decode_body("日本".encode("iso-2022-jp"), "7bit", "iso-2022-jp") == "日本"
    assert decode_body("Grüße".encode(), "8bit", "no-such-charset") == "Grüße"
    assert known("UTF-8")
    assert not known("utf-7")


def test_html() -> None:
    page = "<html><head><title>no</title></head><body>One<br>two<!-- no > --><p>th&eacute;</p><SCRIPT>no</Script >!"
    assert html_to_text(page).split() == ["One", "two", "thé", "!"]


@given(st.text("<>!-/ascriptyleh &#;x1\"'", max_size=80))
def test_html_never_raises_and_leaves_no_tag(page: str) -> None:
    html_to_text(page)


@given(ALMOST_LETTERS)
def test_text_of_anything(octets: bytes) -> None:
    for part in leaves(summarise(octets).parts):
        part_text(octets, part).encode("utf-8")
