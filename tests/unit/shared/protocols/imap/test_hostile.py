"""Whatever comes in, a parser says yes, or no in its own words, in time that grows with the input."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.events import NEED_MORE, BadSyntax
from shared.protocols.imap.grammar import ROWS
from shared.protocols.imap.tokens import Arguments
from tests.unit.shared.protocols.imap.events import logged_in, told

_WORDS = st.sampled_from(
    [
        *("ALL", "NOT", "OR", "(", ")", "[", "]", "<", ">", '""', '"a"', "{1+}\r\nx", "{9}\r\n", "1:*", "$", "FLAGS"),
        *(
            "+FLAGS",
            "BODY[",
            "HEADER.FIELDS",
            "TEXT",
            "RETURN",
            "STATUS",
            "\\Seen",
            "&",
            "&-",
            "INBOX",
            "CHANGEDSINCE",
        ),
        *(
            "MODSEQ",
            "UID",
            "NIL",
            "CHARSET",
            "UTF-8",
            "1-Jan-2000",
            "\0",
            "\xff",
            "99999999999999999999",
            "UNKEYWORD",
        ),
        *(
            "/private/comment",
            "/shared",
            "DEPTH",
            "infinity",
            "MAXSIZE",
            "METADATA",
            "MYRIGHTS",
            "+lrs",
            "STORAGE",
            "7",
        ),
    ]
)
_ARGUMENTS = st.lists(_WORDS, max_size=12).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda gap: (" " + gap.join(words)).encode("latin-1"))
)


@given(st.sampled_from(ROWS), _ARGUMENTS | st.binary(max_size=30).map(lambda octets: b" " + octets), st.booleans())
@settings(max_examples=1500, deadline=None)
def test_nothing_but_a_parse_error_leaves_a_parser(row: object, octets: bytes, utf8: bool) -> None:
    arguments = Arguments(octets, uid=True, utf8=utf8)
    try:
        row.parse(arguments)  # type: ignore[attr-defined]
        arguments.finish()
    except ParseError:
        pass


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_arbitrary_octets_become_events(octets: bytes) -> None:
    told(logged_in(), [octets, b"\r\n"])


@pytest.mark.parametrize(
    "line",
    [
        b"a NOOP " + b"(" * 60_000,
        b"a SEARCH " + b"(" * 60_000,
        b"a SEARCH " + b"NOT (" * 12_000,
        b"a SEARCH " + b"1," * 30_000 + b"1",
        b"a FETCH 1 " + b"(" * 60_000,
        b"a FETCH 1 (" + b"FLAGS " * 10_000 + b"UID)",
        b"a FETCH 1 BODY[" + b"1." * 30_000 + b"1]",
        b"a FETCH 1 BODY[HEADER.FIELDS (" + b"a " * 30_000 + b"b)]",
        b"a STORE 1 FLAGS (" + b" ".join(b"k%d" % number for number in range(9_000)) + b")",
        b'a LOGIN "' + b"\\" * 60_000,
        b'a LOGIN "' + b"\\\\" * 30_000 + b'" x',
        b"a SELECT " + b"&" * 60_000,
        b"a SELECT " + b"&AOQ-x" * 10_000,
        b"a LOGIN " + b"{" * 60_000 + b"}",
        b"a " + b"{1" * 30_000 + b"}",
        b'a LIST "" ' + b"*%" * 30_000,
        b"a" * 60_000,
    ],
    ids=lambda line: line[:14].decode(),
)
def test_hostile_lines_take_linear_time(line: bytes) -> None:
    started = time.process_time()
    told(logged_in(), [line + b"\r\n"])
    assert time.process_time() - started < 0.5


def test_many_small_pieces_take_linear_time() -> None:
    started = time.process_time()
    told(logged_in(), [b"x"] * 60_000)
    assert time.process_time() - started < 2


def test_case_40_unfinished_commands_of_a_thousand_connections() -> None:
    tracemalloc.start()
    cores = [logged_in() for _ in range(1_000)]
    for core in cores:
        core.feed(b"a SEARCH " + b"(" * 4_000)
        assert core.next_event() is NEED_MORE
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 16 * 1024 * 1024
    for core in cores:
        [event] = told(core, [b"\r\n"])
        assert isinstance(event, BadSyntax)
        assert core.buffered == 0
