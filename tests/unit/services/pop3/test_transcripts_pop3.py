"""The POP3 transcripts, played against the service over the memory bus and storage's own handlers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.conversation import Conversation, Stage
from tests.support.pop3_stage import PASSWORD, Pop3Stage, pop3_stage
from tests.support.transcript import read_transcript

FOLDER = Path(__file__).parents[3] / "transcripts" / "pop3"


@pytest.fixture(scope="module")
def pop3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pop3Stage]:
    with pop3_stage(tmp_path_factory.mktemp("pop3")) as stage:
        yield stage


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_transcript(path: Path, pop3: Pop3Stage) -> None:
    transcript = read_transcript(path)
    alice = pop3.fill(f"alice-{path.stem}", list(transcript.messages.values()))
    variables = {"alice": alice, "bob": pop3.fill(f"bob-{path.stem}", []), "password": PASSWORD}
    tls = ssl.create_default_context(cafile=str(pop3.authority))
    Conversation(transcript, Stage("localhost", pop3.port, variables, tls)).play()
