"""The runner of transcripts itself, against a server that says what it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.conversation import Conversation, Mismatch, Stage
from tests.support.transcript import Malformed, filled, read_transcript

Play = Callable[[str, list[bytes]], list[bytes]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Plays a text against a server that gives one answer for each line, and returns the lines it heard."""

    def run(text: str, answers: list[bytes]) -> list[bytes]:
        (tmp_path / "hello.part").write_text("C$1: hello $2\nS$1: hi $2\n")
        (tmp_path / "it.txt").write_text(text)
        heard: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = threading.Thread(target=_serve, args=(server, answers, heard), daemon=True)
            thread.start()
            stage = Stage("127.0.0.1", server.getsockname()[1], {"name": "al.ice"}, literals=True)
            Conversation(read_transcript(tmp_path / "it.txt"), stage).play()
            thread.join(5)
        return heard

    return run


def _serve(server: socket.socket, answers: list[bytes], heard: list[bytes]) -> None:
    peer, _ = server.accept()
    with peer, peer.makefile("rb") as lines:
        for answer in answers:
            heard.append(lines.readline())
            peer.sendall(answer)


def test_variables_messages_and_parts(play: Play) -> None:
    steps = "do hello 1 you\nC1: put ${name} ${size m}\nS1: got ${name} ${m} /x+/\nC1: ${octets m}\nE1\n"
    text = "message m\n| a\n|\n| b\n" + steps
    heard = play(text, [b"hi you\r\n", b"got al.ice {8}\r\na\r\n\r\nb\r\n xx\r\n", b""])
    assert heard == [b"hello you\r\n", b"put al.ice 8\r\n", b"a\r\n"]


@pytest.mark.parametrize("answer", [b"* 1\r\n* 2\r\nok\r\n", b"* 2\r\n* 1\r\nok\r\n", b"* 2\r\n* 7\r\n* 1\r\nok\r\n"])
def test_any_order(play: Play, answer: bytes) -> None:
    play("C1: x\nS1? * 7\nS1~ * 1\nS1~ * /[23]/\nS1: ok\n", [answer])
    play("C1: x\nS1: ...\nS1~ * 2\nS1~ * 1\nS1: ok\n", [answer])
    play("C1: x\nS1: ...\nS1: ok\n", [answer])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("C1: x\nS1: a.c\n", b"abc\r\n"),
        ("C1: x\nS1: a\nS1: b\n", b"b\r\na\r\n"),
        ("C1: x\nS1~ a\nS1~ a\n", b"a\r\n"),
        ("C1: x\nE1\n", b"more\r\n"),
        ("C1: x\nS1: ...\nS1: ok\n", b"never\r\n"),
        ("C1: x\nS1: ${name}\n", b"alxice\r\n"),
    ],
)
def test_what_does_not_fit(play: Play, text: str, answer: bytes) -> None:
    with pytest.raises(Mismatch):
        play(text, [answer])


@pytest.mark.parametrize("text", ["hello\n", "C: x\n", "C1~ x\n", "S1\n", "Q1: x\n"])
def test_what_is_no_transcript(tmp_path: Path, text: str) -> None:
    (tmp_path / "it.txt").write_text(text)
    with pytest.raises(Malformed):
        read_transcript(tmp_path / "it.txt")


def test_unknown_variable() -> None:
    with pytest.raises(Malformed):
        filled("x ${nobody}", {}, {})
