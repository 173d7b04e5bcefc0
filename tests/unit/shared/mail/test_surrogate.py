"""Headers in ASCII for clients that know no other."""

from __future__ import annotations

from email.header import decode_header, make_header
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.surrogate import LIMIT, Surrogate, surrogate


def test_ascii_stays_as_it_is() -> None:
    octets = b"Subject: a\r\n b\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    assert surrogate(octets) is octets


def test_words_become_encoded_words_and_the_body_stays() -> None:
    octets = "Subject: Grüße aus\r\n Köln\r\nTo: ann@example.org\r\n\r\nSchöne Grüße".encode()
    shown = surrogate(octets)
    head, _, body = shown.partition(b"\r\n\r\n")
    assert head.isascii()
    assert body == "Schöne Grüße".encode()
    assert b"\r\nTo: ann@example.org" in head
    subject = head.partition(b"\r\nTo:")[0].removeprefix(b"Subject: ").decode()
    assert str(make_header(decode_header(subject))).split() == ["Grüße", "aus", "Köln"]


def test_a_long_word_is_cut_between_characters() -> None:
    shown = surrogate(b"Subject: " + "ü€😀".encode() * 40 + b"\r\n\r\n")
    assert all(len(line) <= 90 for line in shown.split(b"\r\n"))
    assert str(make_header(decode_header(shown.decode().strip().removeprefix("Subject: ")))) == "ü€😀" * 40


def test_octets_of_no_known_charset_are_named_so() -> None:
    assert surrogate(b"Subject: \xe4\xff\r\n\r\n") == b"Subject: =?unknown-8bit?b?5P8=?=\r\n\r\n"


@given(st.binary(max_size=300).map(lambda octets: b"S: \xc3\xbc\r\n" + octets), st.lists(st.integers(0, 300)))
def test_pieces_give_what_the_whole_gives(octets: bytes, cuts: list[int]) -> None:
    made = Surrogate()
    edges = [0, *sorted(cuts), len(octets)]
    shown = b"".join(made.feed(octets[a:b]) for a, b in pairwise(edges)) + made.finish()
    assert shown == surrogate(octets)


def test_case_53_a_header_without_end_is_not_gathered_for_ever() -> None:
    made = Surrogate()
    line = "Ü: ü\r\n".encode() * 1000
    fed = shown = 0
    while fed < 2 * LIMIT:
        fed += len(line)
        shown += len(made.feed(line))
    assert shown > LIMIT
