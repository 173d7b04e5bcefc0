"""Terminals: strings, literals, numbers, flags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.strings import string
from shared.protocols.imap.tokens import Arguments


@given(st.binary(max_size=60))
def test_a_rendered_string_reads_as_itself(octets: bytes) -> None:
    arguments = Arguments(string(octets))
    assert arguments.string() == octets.replace(b"\0", b"?")
    arguments.finish()


@pytest.mark.parametrize(
    "octets", [b'"abc', b'"a\\b"', b'"a\rb"', b'"a\0b"', b'"\xc3\xa4"', b"{5}\r\nabc", b"{1}\r\n\0"]
)
def test_broken_strings(octets: bytes) -> None:
    with pytest.raises(ParseError):
        Arguments(octets).string()


def test_eight_bits_in_quotes_once_utf8_is_enabled() -> None:
    assert Arguments('"ä"'.encode(), utf8=True).astring_text() == "ä"


def test_literal8_may_hold_nul() -> None:
    assert Arguments(b"~{3}\r\na\0b").string() == b"a\0b"


def test_astring_takes_a_bracket_and_no_wildcard() -> None:
    assert Arguments(b"a]b").astring() == b"a]b"
    arguments = Arguments(b"a%b")
    assert arguments.astring() == b"a"
    assert not arguments.at_end()
    assert Arguments(b"a%b*").list_mailbox() == b"a%b*"


@pytest.mark.parametrize(("octets", "value"), [(b"0", 0), (b"4294967295", 2**32 - 1), (b"007", 7)])
def test_numbers(octets: bytes, value: int) -> None:
    assert Arguments(octets).number() == value


@pytest.mark.parametrize("octets", [b"", b"-1", b"4294967296", b"9" * 5000])
def test_no_numbers(octets: bytes) -> None:
    with pytest.raises(ParseError):
        Arguments(octets).number()


def test_flags_come_in_their_usual_spelling_and_once() -> None:
    assert Arguments(b"(\\SEEN \\seen $Junk \\Foo)").flag_list() == ("\\Seen", "$Junk", "\\Foo")


def test_surplus_spaces_in_a_list() -> None:
    arguments = Arguments(b"(  a   b )")
    assert arguments.flag_list() == ("a", "b")
    assert arguments.at_end()
    assert Arguments(b"( )").flag_list() == ()


@pytest.mark.parametrize("octets", [b"(", b"(a", b"(a ", b"( ", b"(\\)", b"a)"])
def test_broken_lists(octets: bytes) -> None:
    with pytest.raises(ParseError):
        Arguments(octets).flag_list()
