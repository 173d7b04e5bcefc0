"""Every transcript is a test: ``<protocol>/<name>.txt``, played against the running installation."""

from __future__ import annotations

import imaplib
import ssl
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.support.conversation import Conversation, Stage
from tests.support.house import House, running_house
from tests.support.transcript import read_transcript

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parent
TRANSCRIPTS = sorted(FOLDER.glob("*/*.txt"))
PASSWORD = "correct horse"
LISTENERS = {
    "smtp-auth": "submission",
    "smtp-terms": "submission",
    "smtp-lhlo": "lmtp",
}  # where not the one named after the protocol
SETTINGS = {
    "imap-message_limit": {"EILPOST_IMAP__MESSAGES_PER_COMMAND": "3"},
}  # of transcripts that need an installation of their own


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.fixture(scope="module")
def accounts(house: House) -> Mapping[str, dict[str, str]]:
    """Two empty accounts of its own for each transcript."""
    return _add_accounts(house, [_name(path) for path in TRANSCRIPTS])


def _add_accounts(house: House, transcripts: Iterable[str]) -> dict[str, dict[str, str]]:
    wanted = {name: {who: f"{name.lower()}-{who}" for who in ("alice", "bob")} for name in transcripts}
    names = [name for pair in wanted.values() for name in pair.values()]
    addresses = dict(zip(names, house.add_accounts(names, PASSWORD), strict=True))
    return {key: {who: addresses[name] for who, name in pair.items()} for key, pair in wanted.items()}


def _variables(accounts: Mapping[str, str]) -> dict[str, str]:
    plain = {
        f"plain {who}": b64encode(f"\0{address}\0{PASSWORD}".encode()).decode() for who, address in accounts.items()
    }
    return {**accounts, **plain, "password": PASSWORD, "separator": "/"}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=_name)
def test_transcript(path: Path, house: House, accounts: Mapping[str, dict[str, str]]) -> None:
    environment = SETTINGS.get(_name(path))
    if environment is None:
        _play(path, house, accounts[_name(path)])
        return
    with running_house(environment=environment) as own:
        _play(path, own, _add_accounts(own, [_name(path)])[_name(path)])


def _play(path: Path, house: House, accounts: Mapping[str, str]) -> None:
    protocol = path.parent.name
    tls = ssl.create_default_context(cafile=str(house.authority))
    variables = _variables(accounts)
    stage = Stage(
        "localhost",
        house.ports[LISTENERS.get(_name(path), protocol)],
        variables,
        tls,
        literals=protocol in ("imap", "managesieve"),
    )
    transcript = read_transcript(path)
    if "sieve" in transcript.messages:
        _put_script(house, variables["alice"], transcript.messages["sieve"])
    if protocol == "pop3":
        _fill(house, variables["alice"], transcript.messages.values())
    Conversation(transcript, stage).play()


def _put_script(house: House, address: str, script: bytes) -> None:
    """IMAP can keep no script: one that a transcript calls ``sieve`` is there from the beginning, by this name."""
    file = house.data / "transcript.sieve"
    file.write_bytes(script)
    house.eilpost("sieve", "put", address, "sieve", str(file))


def _fill(house: House, address: str, messages: Iterable[bytes]) -> None:
    """POP3 can put nothing into a maildrop: what a transcript talks about is there from the beginning."""
    with imaplib.IMAP4("localhost", house.ports["imap"], 30) as client:
        client.login(address, PASSWORD)
        client.xatom("ENABLE", "UTF8=ACCEPT")  # from here on APPEND takes headers of any kind
        for octets in messages:
            assert client.append("INBOX", "", "", octets)[0] == "OK"
