"""What processes really log fits the table of events."""

from __future__ import annotations

import imaplib
import json
import poplib
import smtplib
import socket
from pathlib import Path
from typing import Any

import pytest

from shared.observe.events import ANYWHERE, BASE, EVENTS, FIELDS
from tests.integration.mail import PASSWORD, imap, letter, new_account, send, wait_messages
from tests.support.house import House, running_house

_LEVELS = {
    event.name: {each.level for each in EVENTS if each.name == event.name} for event in EVENTS
}  # one event may come as success and as failure
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (str,),  # rendered as text
}
SEEN = {
    "bus.connected",
    "connection.refused",
    "delivery.attempt",
    "delivery.claim",
    "imap.command",
    "imap.session",
    "login.failed",
    "login.ok",
    "managesieve.session",
    "master.ready",
    "master.stopping",
    "pop3.session",
    "process.draining",
    "process.ended",
    "process.started",
    "smtp.session",
    "smtp.transaction",
    "storage.ready",
}


def test_every_line_fits_the_table(tmp_path: Path) -> None:
    environment = {"EILPOST_LOG__LEVEL": "debug", "EILPOST_LIMITS__CONNECTIONS_PER_ADDRESS": "3"}
    with running_house(environment=environment, keep=tmp_path) as house:
        pid = house.pids("imap")[0]
        address = _much_happens(house)
    lines = [json.loads(line) for line in house.log.read_text().splitlines() if line.startswith("{")]
    assert len(lines) > 40
    for line in lines:
        _check(line)
    assert {line["event"] for line in lines} >= SEEN
    # Who could not log in, and whose letter was not taken, and why, is in one line each.
    assert [line["account"] for line in lines if line["event"] == "login.failed"] == [address]
    assert [line["turned_away"] for line in lines if "turned_away" in line] == ["nobody@eilpost.test 550 5.1.1"]
    (ready,) = [line for line in lines if line["event"] == "master.ready"]
    assert f"imap {pid}" in ready["processes"]


def _much_happens(house: House) -> str:
    """The account that it happened to."""
    address = new_account(house)
    send(house, address, letter(address))
    wait_messages(house, address, 1)
    imap(house, address).logout()
    with pytest.raises(imaplib.IMAP4.error):
        imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=20).login(address, "wrong")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(house, "nobody@eilpost.test", letter("nobody@eilpost.test"))
    drop = poplib.POP3("127.0.0.1", house.ports["pop3"], timeout=20)
    drop.user(address)
    drop.pass_(PASSWORD)
    drop.retr(1)
    drop.quit()
    with socket.create_connection(("127.0.0.1", house.ports["managesieve"]), 20) as scripts:
        scripts.sendall(b"LOGOUT\r\n")
        while scripts.recv(4096):
            pass
    many = [socket.create_connection(("127.0.0.1", house.ports["smtp"]), 20) for _ in range(5)]
    assert min(len(each.recv(4096)) for each in many) > 0
    for each in many:
        each.close()
    return address


def _check(line: dict[str, Any]) -> None:
    name = line["event"]
    assert line["level"] in _LEVELS[name], line
    listed = next(each for each in EVENTS if (each.name, each.level) == (name, line["level"])).fields.split()
    always = {field for field in listed if not field.endswith("?")} - set(ANYWHERE)
    assert {*BASE, *always} <= line.keys(), line
    assert line.keys() <= {*BASE, *ANYWHERE, *(field.rstrip("?") for field in listed)}, line
    for field, value in line.items():
        kinds = [kind for word in FIELDS[field].kind.split("|") for kind in _TYPES[word]]
        assert value is None or type(value) in kinds, (field, line)
