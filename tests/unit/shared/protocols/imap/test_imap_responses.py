"""Responses: their form, and that nothing breaks out of its line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.imap import fetch_items, responses
from shared.protocols.imap.strings import mailbox, number_set
from shared.protocols.imap.syntax.search_return import Returns
from shared.protocols.imap.tokens import Arguments

_RETURNS = Returns(frozenset({"MIN", "MAX", "COUNT", "ALL"}))
_FEW = Returns(frozenset({"MIN", "COUNT"}))


def _one_line(octets: bytes) -> bool:
    return octets.endswith(b"\r\n") and not any(mark in octets[:-2] for mark in (b"\r", b"\n", b"\0"))


@given(st.text(max_size=50), st.text(max_size=20))
def test_text_stays_in_its_line(words: str, code: str) -> None:
    assert _one_line(responses.tagged("a1", "NO", words, code))
    assert _one_line(responses.untagged("BYE", words))
    assert _one_line(responses.continuation(words))


def test_text_cannot_pass_for_a_code() -> None:
    assert responses.tagged("a", "OK", "[ALERT] hi") == b"a OK ALERT] hi\r\n"


@given(st.text(max_size=30), st.booleans())
def test_names_stay_in_their_line(name: str, utf8: bool) -> None:
    assert _one_line(responses.listed(("\\HasNoChildren",), "/", name, utf8=utf8))
    assert _one_line(responses.status(name, [("MESSAGES", 1)], utf8=utf8))


@given(st.lists(st.text(max_size=8), max_size=4))
def test_flags_are_flags(names: list[str]) -> None:
    assert _one_line(responses.flags(names))
    inside = fetch_items.flags_item(names)[len(b"FLAGS (") : -1]
    assert not set(inside) & set(b'()"{%*')


def _nstring(arguments: Arguments) -> str | None:
    return None if arguments.skip_word(b"NIL") else arguments.string_text()


@given(st.lists(st.tuples(st.text(max_size=8), st.none() | st.text(max_size=8)), max_size=3))
def test_identification_reads_back(fields: list[tuple[str, str | None]]) -> None:
    octets = responses.identification(fields)
    if fields:
        texts = Arguments(octets[len(b"* ID ") : -2]).items(_nstring)
        expected = [None if value is None else value.replace("\0", "?") for pair in fields for value in pair]
        assert list(texts) == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (responses.tagged("a1", "OK", "Done"), b"a1 OK Done\r\n"),
        (responses.untagged("OK", "Next", "UIDNEXT 5"), b"* OK [UIDNEXT 5] Next\r\n"),
        (responses.exists(3), b"* 3 EXISTS\r\n"),
        (responses.capability(["IMAP4rev1", "IDLE"]), b"* CAPABILITY IMAP4rev1 IDLE\r\n"),
        (responses.listed(["\\Noselect"], ".", "Entwürfe"), b'* LIST (\\Noselect) "." "Entw&APw-rfe"\r\n'),
        (responses.listed([], None, 'a"b\\', lsub=True), b'* LSUB () NIL "a\\"b\\\\"\r\n'),
        (responses.listed([], "\\", "x"), b'* LIST () "\\\\" "x"\r\n'),
        (responses.status("INBOX", [("MESSAGES", 2), ("UNSEEN", 1)]), b'* STATUS "INBOX" (MESSAGES 2 UNSEEN 1)\r\n'),
        (responses.namespace([("", "/"), ("~", ".")]), b'* NAMESPACE (("" "/")) (("~" "."))\r\n'),
        (responses.acl("a", [("ann lee", "lr"), ("-bob", "c")]), b'* ACL "a" "ann lee" "lr" "-bob" "c"\r\n'),
        (responses.list_rights("a", "bob", "", "lr"), b'* LISTRIGHTS "a" "bob" "" l r\r\n'),
        (responses.my_rights("a", "lrs"), b'* MYRIGHTS "a" "lrs"\r\n'),
        (responses.identification([]), b"* ID NIL\r\n"),
        (responses.search([]), b"* SEARCH\r\n"),
        (responses.search([2, 4], 9), b"* SEARCH 2 4 (MODSEQ 9)\r\n"),
        (
            responses.esearch("a1", _RETURNS, [2, 3, 4], uid=True, modseq=7),
            b'* ESEARCH (TAG "a1") UID MIN 2 MAX 4 ALL 2:4 COUNT 3 MODSEQ 7\r\n',
        ),
        (
            responses.esearch("a1", _FEW, [], uid=False),
            b'* ESEARCH (TAG "a1") COUNT 0\r\n',
        ),
        (responses.append_uid_code(7, [3]), b"APPENDUID 7 3"),
        (responses.copy_uid_code(7, [1, 2, 9], [4, 5, 6]), b"COPYUID 7 1:2,9 4:6"),
        (responses.permanent_flags_code(["\\Seen", "\\*"]), b"PERMANENTFLAGS (\\Seen \\*)"),
        (
            fetch_items.fetch(1, [b"UID 5", fetch_items.flags_item(["\\Seen"])]),
            b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n",
        ),
        (fetch_items.section_item(b"BODY[1]", None), b'BODY[1] ""'),
        (fetch_items.section_item(b"BODY[]", b"x\r\n"), b"BODY[] {3}\r\nx\r\n"),
        (mailbox("ä", utf8=True), '"ä"'.encode()),
    ],
)
def test_forms(octets: bytes, expected: bytes) -> None:
    assert octets == expected


def test_many_numbers_are_quick() -> None:
    numbers = list(range(1, 40_000, 2))
    started = time.process_time()
    number_set(numbers)
    assert time.process_time() - started < 0.2
