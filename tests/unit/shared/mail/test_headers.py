"""Header blocks: fields, subsets, encoded words."""

from __future__ import annotations

from email.header import Header, decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.encoded_words import decode_words
from shared.mail.headers import collect, fields, first, select, unfold

BLOCK = (
    b"Received: from a\r\n\tby b\r\nSubject: one\r\n two\r\nX-Empty:\r\nTo : spaced@x\r\nnonsense\r\n"
    b"Subject: second\r\n\r\n"
)


def test_fields_are_unfolded_in_order_and_nonsense_is_skipped() -> None:
    assert [(field.name, field.value) for field in fields(BLOCK)] == [
        (b"received", b"from a\tby b"),
        (b"subject", b"one two"),
        (b"x-empty", b""),
        (b"to", b"spaced@x"),
        (b"subject", b"second"),
    ]


def test_the_first_of_doubled_fields_counts() -> None:
    assert first(BLOCK, b"subject") == b"one two"
    assert first(BLOCK, b"cc") is None
    assert collect(BLOCK, {b"subject", b"to"}, 100) == {b"subject": b"one two", b"to": b"spaced@x"}


def test_subsets_keep_the_octets_and_the_empty_line() -> None:
    assert select(BLOCK, {b"subject"}) == b"Subject: one\r\n two\r\nSubject: second\r\n\r\n"
    assert select(BLOCK, {b"cc"}) == b"\r\n"
    assert select(BLOCK, {b"received", b"subject", b"to"}, exclude=True) == b"X-Empty:\r\nnonsense\r\n\r\n"
    assert select(b"Subject: no end", {b"subject"}) == b"Subject: no end"


@given(st.lists(st.sampled_from([b"A: b", b" c", b"\t", b"\r\n", b"\n", b"\r", b":", b"D", b"\0\xff"])).map(b"".join))
def test_subset_and_its_complement_are_the_block(block: bytes) -> None:
    names = {b"a", b"d"}
    whole = select(block, (), exclude=True)
    assert block.startswith(whole)
    assert not block.startswith((b"\n", b"\r\n")) or len(whole) <= 2
    assert len(select(block, names)) + len(select(block, names, exclude=True)) >= len(whole)
    assert len(collect(block, names, 100)) <= 2


def test_encoded_words_join_and_what_is_none_stays() -> None:
    assert decode_words(b"=?utf-8?q?a_b?= =?utf-8?B?YyBk?=") == "a bc d"
    assert decode_words(b"=?utf-8?b?ww==?= =?utf-8?b?qQ==?=") == "é"
    assert decode_words(b"x =?utf-8?q?y?= z") == "x y z"
    assert decode_words(b"=?iso-8859-1*en?q?=E4?=") == "ä"
    for plain in (b"=?utf-8?x?a?=", b"=?utf-8?q?a", b"a =? b", b"=??="):
        assert decode_words(plain) == plain.decode()
    assert decode_words("grün".encode()) == "grün"
    assert decode_words("grün".encode("latin-1")) == "grün"
    assert decode_words(b"=?no-such?q?=C3=A4?=") == "ä"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]) | st.just(" "), max_size=60))
def test_what_the_standard_library_encodes_we_decode(text: str) -> None:
    text = " ".join(text.split())
    encoded = Header(text, "utf-8").encode()
    assert decode_words(unfold(encoded.replace("\n", "\r\n").encode())) == str(make_header(decode_header(encoded)))
