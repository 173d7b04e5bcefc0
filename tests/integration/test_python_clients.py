"""Python's smtplib, imaplib and poplib against the whole installation, plain and with TLS."""

from __future__ import annotations

import imaplib
import poplib
import re
import smtplib
import ssl

import pytest

from tests.integration.mail import PASSWORD, fetched, imap, letter, new_account, send, trusting, wait_messages
from tests.support.house import House, until

pytestmark = pytest.mark.integration


def test_a_letter_is_sent_and_read_byte_for_byte(house: House) -> None:
    address = new_account(house)
    octets = letter(address, "Byte for byte", "Grüße\r\n.dot\r\n..two\r\n\ttab\r\n \r\nend\r\n")
    send(house, address, octets)
    wait_messages(house, address, 1)
    client = imap(house, address)
    rows = fetched(client, "1", "(BODY.PEEK[] RFC822.SIZE FLAGS)")
    received = rows[0][1]
    assert received.endswith(octets)
    head = received[: -len(octets)].decode()
    assert head.startswith("Return-Path: <friend@example.net>\r\n")
    assert f"Delivered-To: {address}\r\n" in head
    assert "\r\nReceived: from " in head
    assert f"RFC822.SIZE {len(received)}".encode() in rows[0][0] + rows[1]


def test_imap_flags_moves_and_deletes(house: House) -> None:
    address = new_account(house)
    for number in range(3):
        send(house, address, letter(address, f"letter {number}"))
    wait_messages(house, address, 3)
    client = imap(house, address)
    assert client.store("1", "+FLAGS", "(\\Flagged $Work)")[0] == "OK"
    assert client.search(None, "FLAGGED")[1] == [b"1"]
    assert client.search(None, "KEYWORD", "$Work", "SUBJECT", '"letter 0"')[1][0] in (b"1", b"")
    assert client.create("Projects/2026")[0] == "OK"
    assert client.uid("MOVE", "1", "Projects/2026")[0] == "OK"
    assert client.store("1", "+FLAGS", "(\\Deleted)")[0] == "OK"
    assert client.expunge()[0] == "OK"
    assert client.search(None, "ALL")[1] == [b"1"]
    assert client.select("Projects/2026")[1] == [b"1"]
    (flags,) = fetched(client, "1", "(FLAGS)")
    assert b"\\Flagged" in flags
    assert b"$Work" in flags


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
def test_submission_by_tls(house: House, kind: str) -> None:
    address, friend = new_account(house), new_account(house)
    if kind == "implicit":
        client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", house.ports["submissions"], context=trusting(house))
    else:
        client = smtplib.SMTP("localhost", house.ports["submission"])
        client.starttls(context=trusting(house))
    with client:
        client.login(address, PASSWORD)
        octets = letter(friend, "submitted").replace(b"friend@example.net", address.encode())
        assert client.sendmail(address, [friend], octets) == {}
    wait_messages(house, friend, 1)


def test_submission_refuses_foreign_senders(house: House) -> None:
    address, other = new_account(house), new_account(house)
    with smtplib.SMTP_SSL("localhost", house.ports["submissions"], context=trusting(house)) as client:
        client.login(address, PASSWORD)
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail(other, [address], letter(address))
        assert refused.value.smtp_code in (550, 553)


def test_lmtp_answers_for_each_recipient(house: House) -> None:
    address = new_account(house)
    with smtplib.LMTP("127.0.0.1", house.ports["lmtp"]) as client:
        refused = client.sendmail("friend@example.net", [address, "nobody@eilpost.test"], letter(address))
    assert list(refused) == ["nobody@eilpost.test"]
    assert refused["nobody@eilpost.test"][0] == 550
    wait_messages(house, address, 1)


def test_unknown_recipients_and_foreign_domains_are_refused(house: House) -> None:
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"]) as client:
        client.ehlo("client.example.net")
        client.mail("friend@example.net")
        assert client.rcpt("nobody@eilpost.test")[0] == 550
        assert client.rcpt("somebody@example.org")[0] == 550


def test_pop3_reads_and_deletes_at_quit(house: House) -> None:
    address = new_account(house)
    for number in range(3):
        send(house, address, letter(address, f"letter {number}"))
    wait_messages(house, address, 3)
    client = poplib.POP3("127.0.0.1", house.ports["pop3"])
    client.stls(context=trusting_for_ip(house))
    client.user(address)
    client.pass_(PASSWORD)
    assert client.stat()[0] == 3
    uids = client.uidl()[1]
    assert b"It works." in client.retr(2)[1]
    assert client.top(1, 0)[1][-1] == b""
    client.dele(2)
    client.close()  # dropped: nothing is deleted
    client = poplib.POP3_SSL("localhost", house.ports["pop3s"], context=trusting(house))
    client.user(address)
    client.pass_(PASSWORD)
    assert client.uidl()[1] == uids
    client.dele(2)
    client.quit()
    again = imap(house, address)
    assert again.search(None, "ALL")[1] == [b"1 2"]
    assert again.search(None, "SUBJECT", '"letter 1"')[1] == [b""]


def trusting_for_ip(house: House) -> ssl.SSLContext:
    context = trusting(house)
    context.check_hostname = False
    return context


def test_imap_by_tls(house: House) -> None:
    address = new_account(house)
    secure = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=trusting(house))
    assert secure.login(address, PASSWORD)[0] == "OK"
    upgraded = imaplib.IMAP4("localhost", house.ports["imap"])
    upgraded.starttls(ssl_context=trusting(house))
    assert upgraded.login(address, PASSWORD)[0] == "OK"
    assert upgraded.list()[0] == "OK"


def test_mail_for_other_domains_waits_in_the_spool(house: House) -> None:
    address = new_account(house)
    with smtplib.SMTP_SSL("localhost", house.ports["submissions"], context=trusting(house)) as client:
        client.login(address, PASSWORD)
        octets = letter("far@example.org", "far away").replace(b"friend@example.net", address.encode())
        client.sendmail(address, ["far@example.org"], octets)
    until(lambda: "deferred" in house.eilpost("queue", "list", "--sender", address, "--json").stdout, 30)
    shown = house.eilpost("queue", "list", "--sender", address, "--json").stdout
    assert '"far@example.org"' in shown
    identity = re.search(r'"queue_id": "(\w+)"', shown)
    assert identity is not None
    assert "far@example.org" in house.eilpost("trace", identity.group(1)).stdout
    assert house.eilpost("queue", "drop", identity.group(1)).stdout == "1 letter\n"
