"""POP3's grammar: cut anywhere, fed anything."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shared.protocols.pop3.syntax
from shared.protocols.errors import LineTooLong, ProtocolError
from shared.protocols.pop3.core import COMMAND_LIMIT, LINE_LIMIT, Command, Pop3Core
from shared.protocols.pop3.errors import CommandError
from shared.protocols.pop3.syntax import auth, pass_, top, user

SYNTAX = sorted(path.stem for path in Path(shared.protocols.pop3.syntax.__path__[0]).glob("[a-z]*.py"))

lines = st.lists(st.sampled_from([b"USER bob", b"PASS a b ", b"", b"retr 1", b"STAT\0", b"1 2", b"\xff", b"NOOP"]))
cuts = st.lists(st.integers(0, 200), max_size=5)


def _read(pieces: list[bytes]) -> list[Command | str]:
    core = Pop3Core()
    found: list[Command | str] = []
    for piece in pieces:
        core.feed(piece)
        while True:
            try:
                command = core.next_command()
            except ProtocolError as error:
                found.append(str(error))
                continue
            if command is None:
                break
            found.append(command)
    return found


@given(lines, cuts)
def test_commands_are_the_same_wherever_the_stream_is_cut(sent: list[bytes], places: list[int]) -> None:
    stream = b"".join(line + b"\r\n" for line in sent)
    whole = _read([stream])
    ends = sorted(min(place, len(stream)) for place in places)
    assert _read([stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]) == whole
    assert _read([stream[at : at + 1] for at in range(len(stream))]) == whole
    assert len(whole) == len(sent)


@given(st.sampled_from(SYNTAX), st.binary(max_size=60))
def test_arguments_are_understood_or_refused(name: str, argument: bytes) -> None:
    with suppress(CommandError):
        import_module(f"shared.protocols.pop3.syntax.{name}").parse(argument)


def test_endless_lines_end_and_long_ones_are_refused() -> None:
    core = Pop3Core()
    core.feed(b"USER " + b"a" * COMMAND_LIMIT + b"\r\nNOOP\r\n")
    with pytest.raises(CommandError):
        core.next_command()
    assert core.next_command() == Command("NOOP", b"")
    core.feed(b"x" * (LINE_LIMIT + 1))
    with pytest.raises(LineTooLong):
        core.next_command()


def test_a_password_keeps_its_spaces_and_a_name_does_not() -> None:
    assert pass_.parse(b" a  b ") == " a  b "
    assert user.parse(" jürgen ".encode()) == "jürgen"


def test_auth_takes_an_initial_response_and_top_two_numbers() -> None:
    assert auth.parse(b"plain AGE=") == auth.Auth("PLAIN", b"AGE=")
    assert auth.parse(b"login") == auth.Auth("LOGIN", None)
    assert auth.parse(b"") == auth.Auth("", None)
    assert top.parse(b"3 0") == top.Top(3, 0)
