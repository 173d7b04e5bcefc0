"""A binary message from BDAT to its readers: kept octet for octet, read so by IMAP, as lines by POP3."""

from __future__ import annotations

import imaplib
import poplib
import smtplib

import pytest

from tests.integration.mail import PASSWORD, imap, new_account, wait_messages
from tests.support.house import House
from tests.unit.shared.mail.test_recoding import MIXED, NOISE, TEXT, leaves

pytestmark = pytest.mark.integration


def fetched(reader: imaplib.IMAP4, item: str) -> bytes:
    """One item of the only message."""
    found = reader.fetch("1", f"({item})")[1][0]
    assert isinstance(found, tuple)
    return found[1]


@pytest.mark.parametrize("times", [1, 2_000], ids=["small", "large"])
def test_a_binary_message_reaches_every_reader(house: House, times: int) -> None:
    address = new_account(house, "binary")
    octets = MIXED.replace(NOISE, NOISE * times)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=20) as client:
        client.ehlo("client.example")
        assert client.has_extn("binarymime")
        assert client.docmd(f"MAIL FROM:<friend@example.net> BODY=BINARYMIME SIZE={len(octets)}")[0] == 250
        assert client.docmd(f"RCPT TO:<{address}>")[0] == 250
        client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
        assert client.getreply()[0] == 250
    wait_messages(house, address, 1)
    reader = imap(house, address)
    assert fetched(reader, "BODY.PEEK[]").endswith(octets)
    assert fetched(reader, "BODY.PEEK[2]") == NOISE * times
    reader.send(b"x FETCH 1 (BINARY.PEEK[2] BINARY.SIZE[2])\r\n")
    size = len(NOISE) * times
    assert reader.readline().endswith(b"BINARY[2] ~{%d}\r\n" % size)
    assert reader.read(size) == NOISE * times
    assert reader.readline() == b" BINARY.SIZE[2] %d)\r\n" % size
    assert reader.readline().startswith(b"x OK")
    reader.logout()
    drop = poplib.POP3("127.0.0.1", house.ports["pop3"], timeout=20)
    drop.user(address)
    drop.pass_(PASSWORD)
    for lines in (drop.retr(1)[1], drop.top(1, 100_000)[1]):
        message = b"\r\n".join(lines) + b"\r\n"
        assert b"\0" not in message
        assert [body for _, body in leaves(message)][:2] == [TEXT, NOISE * times]
    drop.quit()
