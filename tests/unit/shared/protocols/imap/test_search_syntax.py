"""SEARCH: keys, flat chains, options, charsets, bounds."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap.events import BadSyntax
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.search import Search
from shared.protocols.imap.syntax.search_key import (
    MAX_TREE,
    All,
    And,
    Body,
    Flagged,
    Header,
    Internal,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Or,
    Recent,
    Sent,
    Smaller,
    Text,
)
from shared.protocols.imap.syntax.search_return import ALL, Returns
from tests.unit.shared.protocols.imap.events import parsed

_SEEN = Flagged("\\Seen")
_TO = Header("To", "x")


def _key(text: str) -> object:
    value = parsed(f"SEARCH {text}")
    return value.key if isinstance(value, Search) else value


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ALL", All()),
        ("SEEN", _SEEN),
        ("unseen", Not(_SEEN)),
        ("NEW", And((Recent(), Not(_SEEN)))),
        ("OLD", Not(Recent())),
        ("KEYWORD $Junk", Flagged("$Junk")),
        ("UNKEYWORD $Junk", Not(Flagged("$Junk"))),
        ("1:*,5", Numbers(False, SequenceSet(((1, 0), (5, 5))))),
        ("UID 7", Numbers(True, SequenceSet(((7, 7),)))),
        ("UID $", Numbers(True, SequenceSet((), True))),
        ("BEFORE 2-Jan-1970", Internal("<", 1)),
        ('SENTSINCE "1-Jan-1970"', Sent(">=", 0)),
        ("LARGER 10 SMALLER 20", And((Larger(10), Smaller(20)))),
        ("FROM x", Header("From", "x")),
        ('HEADER X-Y ""', Header("X-Y", "")),
        ('BODY "a b" TEXT c', And((Body("a b"), Text("c")))),
        ("MODSEQ 5", Modseq(5)),
        ('MODSEQ "/flags/\\\\draft" all 5', Modseq(5)),
        ("NOT NOT TO x", _TO),
        ("NOT (NOT TO x)", _TO),
        ("((TO x))", _TO),
        ("(TO x (SEEN ALL)) DRAFT", And((_TO, _SEEN, All(), Flagged("\\Draft")))),
        ("OR OR TO x SEEN OR ALL RECENT", Or((_TO, _SEEN, All(), Recent()))),
        ("OR (OR TO x SEEN) ALL", Or((_TO, _SEEN, All()))),
        ("OR ( TO x ) (  SEEN ALL  )", Or((_TO, And((_SEEN, All()))))),
        ("OR NOT SEEN (TO x ALL)", Or((Not(_SEEN), And((_TO, All()))))),
        ("NOT OR SEEN ALL RECENT", And((Not(Or((_SEEN, All()))), Recent()))),
    ],
)
def test_keys(text: str, key: Key) -> None:
    assert _key(text) == key


def test_options() -> None:
    value = parsed("UID SEARCH RETURN (MIN count SAVE) CHARSET utf-8 MODSEQ 1")
    assert value == Search(True, Modseq(1), Returns(frozenset({"MIN", "COUNT", "SAVE"})), modseq=True, charset=True)
    assert parsed("SEARCH RETURN () ALL") == Search(False, All(), ALL)


def test_text_in_utf8() -> None:
    octets = "größer".encode()
    value = parsed(b"SEARCH CHARSET UTF-8 SUBJECT {%d+}\r\n%b" % (len(octets), octets))
    assert value == Search(False, Header("Subject", "größer"), charset=True)


def test_unknown_charset_is_told() -> None:
    value = parsed("SEARCH CHARSET X-KLINGON TEXT x")
    assert isinstance(value, BadSyntax)
    assert value.status == "NO"
    assert value.code.startswith("BADCHARSET (")
    assert " UTF-8 " in value.code


def test_strings_are_in_the_named_charset() -> None:
    value = parsed(b"SEARCH CHARSET KOI8-R SUBJECT {3+}\r\n\xcd\xc9\xd2")
    assert value == Search(False, Header("Subject", "\u043c\u0438\u0440"), charset=True)
    value = parsed(b"SEARCH CHARSET GB18030 SUBJECT {1+}\r\n\xff")
    assert isinstance(value, BadSyntax)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FOO",
        "OR SEEN",
        "NOT",
        "(SEEN",
        "SEEN)",
        "()",
        "FROM",
        "LARGER x",
        "ON 31-Feb-2000",
        "RETURN (FOO) ALL",
        "RETURN (ALL)",
        "KEYWORD",
        "UID a",
        "(OR SEEN) ALL",
        "(" * 4000,
        "NOT (" * 33 + "ALL" + ")" * 33,
    ],
)
def test_refused(text: str) -> None:
    assert isinstance(_key(text), BadSyntax)


def _depth(key: Key) -> int:
    if isinstance(key, And | Or):
        return 1 + max(map(_depth, key.keys))
    return 1 + _depth(key.key) if isinstance(key, Not) else 1


@given(st.lists(st.sampled_from(["NOT ", "OR SEEN ", "OR NOT SEEN ", "(SEEN "]), max_size=200))
def test_no_tree_is_too_deep(openings: list[str]) -> None:
    key = _key("".join(openings) + "ALL" + ")" * openings.count("(SEEN "))
    if not isinstance(key, BadSyntax):
        assert _depth(key) <= MAX_TREE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["OR ALL " * 8000 + "ALL", "OR " * 9000 + "ALL " * 9000 + "ALL", "NOT " * 9000 + "ALL"]
)
def test_long_chains_take_linear_time(text: str) -> None:
    started = time.process_time()
    assert not isinstance(_key(text), BadSyntax)
    assert time.process_time() - started < 1
