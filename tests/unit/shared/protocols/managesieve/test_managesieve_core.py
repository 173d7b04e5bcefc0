"""Reading ManageSieve: words, strings, literals, limits; and however it is cut, the same comes out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.errors import LineTooLong, ProtocolError
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.core import Command, Limits, ManageSieveCore
from shared.protocols.managesieve.errors import Beyond, CommandError, TooLarge
from shared.protocols.managesieve.tokens import Word

SMALL = Limits(line=64, before_login=16, after_login=64, skipped=200)


def outcomes(pieces: list[bytes], limits: Limits = SMALL) -> list[object]:
    """Everything that reading yields, errors by their kind."""
    core = ManageSieveCore(limits)
    found: list[object] = []
    for piece in pieces:
        core.feed(piece)
        while True:
            try:
                command = core.next_command()
            except CommandError as error:
                found.append(type(error))
                continue
            except (Beyond, LineTooLong) as error:
                return [*found, type(error)]
            if command is None:
                break
            found.append(command)
    return found


def test_words_quoted_strings_and_literals() -> None:
    octets = b'putscript "a \\"b\\" \\\\" {5+}\r\nke\r\n;\r\nHAVESPACE {2+}\r\nab 12\r\nNOOP\r\n'
    assert outcomes([octets]) == [
        Command("PUTSCRIPT", (b'a "b" \\', b"ke\r\n;")),
        Command("HAVESPACE", (b"ab", Word("12"))),
        Command("NOOP", ()),
    ]


@pytest.mark.parametrize(
    "line",
    [b'"NOOP"', b"", b" NOOP", b'NOOP "a', b'NOOP "a"b', b'NOOP a"b"', b"NOOP {3}", b"NOOP {+}", b"NOOP {01+}x",
     b"NOOP (", b"NOOP \\", b'NOOP "a\\b"', b'NOOP "\0"', b"NOOP a b c d e f g h i", b"N\xc3\x96P", b'PUT "a {7+}'],
)  # fmt: skip
def test_what_cannot_be_read_costs_one_line(line: bytes) -> None:
    assert outcomes([line + b"\r\nNOOP\r\n"]) == [CommandError, Command("NOOP", ())]


def test_a_literal_that_is_too_large_is_read_over() -> None:
    assert outcomes([b'PUT "a" {17+}\r\n' + b"x\r\n" * 5 + b"xx\r\nNOOP\r\n"]) == [TooLarge, Command("NOOP", ())]
    assert outcomes([b"PUT {9+}\r\n123456789 {9+}\r\n123456789\r\nNOOP\r\n"]) == [TooLarge, Command("NOOP", ())]


def test_case_39_a_literal_beyond_all_measure_ends_the_connection() -> None:
    assert outcomes([b"PUT {201+}\r\n"]) == [Beyond]
    assert outcomes([b"PUT {4294967295+}\r\n"]) == [Beyond]
    assert outcomes([b"x" * 100]) == [LineTooLong]
    assert outcomes([b"PUT {99999999999999999999+}\r\n"]) == [CommandError]


def test_behind_a_login_there_is_more_room() -> None:
    core = ManageSieveCore(SMALL)
    core.log_in()
    core.feed(b'P "a" {60+}\r\n' + b"x" * 60 + b"\r\n")
    assert core.next_command() == Command("P", (b"a", b"x" * 60))


def test_a_response_is_one_string() -> None:
    core = ManageSieveCore()
    core.feed(b'"*"\r\n{2+}\r\nab\r\nab\r\n"a" "b"\r\n')
    assert core.next_response() == b"*"
    assert core.next_response() == b"ab"
    for _ in range(2):
        with pytest.raises(CommandError):
            core.next_response()
    assert core.next_response() is None


piece = st.sampled_from(
    [
        b"NOOP",
        b" ",
        b'"a b"',
        b'"',
        b"\\",
        b"\r\n",
        b"\n",
        b"{3+}\r\n",
        b"{20+}\r\n",
        b"{0+}\r\n",
        b"abc",
        b"1",
        b"(",
        b"\0",
    ]
) | st.binary(max_size=8)


@given(st.lists(piece, max_size=30).map(b"".join), st.lists(st.integers(0, 200)))
def test_however_it_is_cut_the_same_comes_out(octets: bytes, cuts: list[int]) -> None:
    whole = outcomes([octets])
    assert outcomes([octets[at : at + 1] for at in range(len(octets))]) == whole
    edges = [0, *sorted(min(cut, len(octets)) for cut in cuts), len(octets)]
    assert outcomes([octets[a:b] for a, b in pairwise(edges)]) == whole


@given(st.binary(max_size=200))
def test_octets_raise_nothing_but_protocol_errors(octets: bytes) -> None:
    core = ManageSieveCore(SMALL)
    core.feed(octets)
    try:
        while core.next_response() is not None:
            pass
    except ProtocolError:
        pass


@given(st.binary(max_size=1500).filter(lambda octets: b"\0" not in octets))
def test_what_the_server_writes_its_own_reader_understands(octets: bytes) -> None:
    written = responses.string(octets)
    if written.startswith(b'"'):
        core = ManageSieveCore()
        core.feed(written + b"\r\n")
        assert core.next_response() == octets
    else:
        assert written == b"{%d}\r\n%b" % (len(octets), octets)
