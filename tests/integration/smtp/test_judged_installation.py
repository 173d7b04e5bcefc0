"""A whole installation that judges this machine: into the inbox, into Junk, or refused, as the domain asks."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator

import pytest

from tests.support.authentication import key_pair, sign
from tests.support.dns import nameserver_thread
from tests.support.house import House, running_house, until

pytestmark = pytest.mark.integration

PASSWORD = "correct horse"
KEY, KEY_NAME, RECORD = key_pair("ed25519", "strict.test", "s1")
ZONE = {
    "strict.test": {"TXT": ['"v=spf1 -all"']},
    "_dmarc.strict.test": {"TXT": ['"v=DMARC1; p=reject"']},
    "_dmarc.careful.test": {"TXT": ['"v=DMARC1; p=quarantine"']},
    KEY_NAME: {"TXT": [f'"{RECORD}"']},
}
SETTINGS = """
[dns]
nameservers = ["{nameserver}"]

[smtp.judgement]
trusted_networks = []
"""


@pytest.fixture(scope="module")
def judging() -> Iterator[tuple[House, str]]:
    """The installation, and the address of an account."""
    with (
        nameserver_thread(dict(ZONE)) as names,
        running_house(settings=SETTINGS.format(nameserver=names.address)) as house,
    ):
        yield house, house.add_accounts(["bob"], PASSWORD)[0]


def hand_in(house: House, recipient: str, letter: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30) as client:
        client.sendmail("x@elsewhere.test", [recipient], letter)


def letter(author: str, subject: str) -> bytes:
    return f"From: {author}\r\nSubject: {subject}\r\n\r\nHello.\r\n".encode()


def found(house: House, address: str, mailbox: str, subject: str) -> bytes:
    """The letter in the mailbox, waited for."""
    bodies: list[bytes] = []

    def look() -> bool:
        with imaplib.IMAP4("127.0.0.1", house.ports["imap"], 30) as client:
            client.login(address, PASSWORD)
            client.select(mailbox, readonly=True)
            for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
                part = client.fetch(number, "(BODY.PEEK[])")[1][0]
                assert isinstance(part, tuple)
                bodies.append(part[1])
        return bool(bodies)

    until(look, 20, lambda: house.log.read_text()[-3000:])
    return bodies[0]


def test_a_signature_that_holds_leads_to_the_inbox(judging: tuple[House, str]) -> None:
    house, bob = judging
    hand_in(house, bob, sign(letter("info@strict.test", "signed"), KEY))
    stored = found(house, bob, "INBOX", "signed")
    assert b"dkim=pass" in stored
    assert b"dmarc=pass" in stored


def test_a_forged_letter_is_refused(judging: tuple[House, str]) -> None:
    house, bob = judging
    with pytest.raises(smtplib.SMTPDataError) as refused:
        hand_in(house, bob, letter("info@strict.test", "forged"))
    assert refused.value.smtp_code == 550
    assert b"5.7.26 " in refused.value.args[1]


def test_a_doubtful_letter_lies_in_junk_whatever_it_is_called(judging: tuple[House, str]) -> None:
    house, bob = judging
    hand_in(house, bob, letter("info@careful.test", "doubtful"))
    assert b"dmarc=fail" in found(house, bob, "Junk", "doubtful")
    with imaplib.IMAP4("127.0.0.1", house.ports["imap"], 30) as client:
        client.login(bob, PASSWORD)
        assert client.rename("Junk", "Rubbish")[0] == "OK"
    hand_in(house, bob, letter("info@careful.test", "again"))
    found(house, bob, "Rubbish", "again")
