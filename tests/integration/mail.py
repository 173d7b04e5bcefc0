"""Sending and reading with Python's own clients, as the integration tests need it again and again."""

from __future__ import annotations

import imaplib
import itertools
import smtplib
import ssl
from typing import Any

from tests.support.house import DOMAIN, House, until

PASSWORD = "integration-password"
_NUMBERS = itertools.count(1)


def new_account(house: House, name: str = "user") -> str:
    """A fresh account; every test has its own."""
    return house.add_accounts([f"{name}{next(_NUMBERS)}"], PASSWORD)[0]


def account_with_scram(house: House) -> str:
    """A fresh account made from a password in clear: clients that choose SCRAM can log in at once."""
    address = f"proved{next(_NUMBERS)}@{DOMAIN}"
    house.eilpost("user", "add", address, "--password-stdin", stdin=PASSWORD)
    return address


def letter(to: str, subject: str = "Hello", body: str = "It works.\r\n") -> bytes:
    return (
        f"From: Friend <friend@example.net>\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
        "Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{subject.replace(' ', '-')}@example.net>\r\n\r\n{body}"
    ).encode()


def send(house: House, to: str, octets: bytes) -> None:
    """Over the MX port."""
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=20) as client:
        assert client.sendmail("friend@example.net", [to], octets) == {}


def fetched(client: imaplib.IMAP4, number: str, items: str) -> list[Any]:
    """What imaplib makes of a FETCH's answer: octets, and pairs where there was a literal."""
    return list(client.fetch(number, items)[1])


def imap(house: House, address: str, mailbox: str | None = "INBOX") -> imaplib.IMAP4:
    """A logged-in client with ``mailbox`` selected."""
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=20)
    client.login(address, PASSWORD)
    if mailbox is not None:
        assert client.select(mailbox)[0] == "OK"
    return client


def wait_messages(house: House, address: str, count: int, mailbox: str = "INBOX") -> None:
    """Until ``mailbox`` holds ``count`` messages."""
    client = imap(house, address, None)
    until(lambda: f"MESSAGES {count})".encode() in (client.status(mailbox, "(MESSAGES)")[1][0] or b""), 10)
    client.logout()


def trusting(house: House) -> ssl.SSLContext:
    """A TLS context that trusts the installation's own authority."""
    return ssl.create_default_context(cafile=str(house.authority))
