"""The load under which processes die: letters by SMTP, and appends, flags, moves and expunges by IMAP.

Every thread takes a failure as its user would: it reconnects and goes on with the next letter. Only what was
acknowledged is promised.
"""

from __future__ import annotations

import imaplib
import random
import re
import smtplib
import threading
import uuid
from typing import Any

from tests.chaos.ledger import Ledger
from tests.support.house import House

TROUBLE = (OSError, EOFError, smtplib.SMTPException, imaplib.IMAP4.error)
TIMEOUT = 15.0
PASSWORD = "chaos-password"


def letter_text(name: str, address: str) -> bytes:
    return (
        f"From: <chaos@example.net>\r\nTo: <{address}>\r\nSubject: {name}\r\n"
        f"Message-ID: <{name}@example.net>\r\n\r\n{'All is well. ' * 40}\r\n"
    ).encode()


def send_letters(house: House, addresses: list[str], ledger: Ledger, stop: threading.Event, seed: int) -> None:
    """One letter a session, as fast as answers come."""
    dice = random.Random(seed)
    while not stop.is_set():
        name, address = uuid.uuid4().hex, dice.choice(addresses)
        ledger.attempt(name, address)
        try:
            with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=TIMEOUT) as client:
                client.sendmail("chaos@example.net", [address], letter_text(name, address))
                ledger.acknowledge(name, address)
        except TROUBLE:
            ledger.fail()
            stop.wait(0.05)


def use_mailbox(house: House, address: str, ledger: Ledger, stop: threading.Event, seed: int) -> None:
    """One IMAP user: appends, flags, moves to Archive, expunges."""
    dice = random.Random(seed)
    while not stop.is_set():
        try:
            client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=TIMEOUT)
            try:
                client.login(address, PASSWORD)
                while not stop.is_set():
                    one_step(client, address, ledger, dice)
            finally:
                client.shutdown()
        except TROUBLE:
            ledger.fail()
            stop.wait(0.1)


def one_step(client: imaplib.IMAP4, address: str, ledger: Ledger, dice: random.Random) -> None:
    must(client.select("INBOX"))
    note_state(client, address, "INBOX", ledger)
    roll = dice.random()
    if roll < 0.4:
        append(client, address, ledger)
        return
    letters = listing(client, address, "INBOX", ledger)
    if not letters:
        return
    uid, name = dice.choice(letters)
    if roll < 0.7:
        must(client.uid("STORE", str(uid), "+FLAGS", "(\\Seen)"))
    elif roll < 0.85:
        must(client.uid("MOVE", str(uid), "Archive"))
    else:
        ledger.doubt(name)
        must(client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)"))
        must(client.uid("EXPUNGE", str(uid)))
        ledger.remove(name)


def append(client: imaplib.IMAP4, address: str, ledger: Ledger) -> None:
    name = uuid.uuid4().hex
    ledger.attempt(name, address)
    must(client.append("INBOX", "", "", letter_text(name, address)))
    ledger.acknowledge(name, address)


def listing(client: imaplib.IMAP4, address: str, mailbox: str, ledger: Ledger) -> list[tuple[int, str]]:
    """UID and Message-ID of every message; each pair is noted in the ledger."""
    shown: Any = client.untagged_responses["UIDVALIDITY"][-1]
    uidvalidity = int(shown)
    rows = must(client.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
    found = []
    for row in rows:
        if not isinstance(row, tuple):
            continue
        uid = int(re.search(rb"UID (\d+)", row[0]).group(1))  # type: ignore[union-attr]
        name = re.search(rb"<(\w+)@", row[1])
        if name is None:
            continue
        ledger.see_uid(address, mailbox, uidvalidity, uid, name.group(1).decode())
        found.append((uid, name.group(1).decode()))
    return found


def note_state(client: imaplib.IMAP4, address: str, mailbox: str, ledger: Ledger) -> None:
    _, states = client.status(mailbox, "(UIDVALIDITY HIGHESTMODSEQ)")
    numbers = re.search(rb"UIDVALIDITY (\d+) HIGHESTMODSEQ (\d+)", states[0] or b"")
    if numbers is not None:
        ledger.see_modseq(address, mailbox, int(numbers.group(1)), int(numbers.group(2)))


def must(result: tuple[str, list[Any]]) -> list[Any]:
    if result[0] != "OK":
        raise imaplib.IMAP4.error(result)
    return result[1]
