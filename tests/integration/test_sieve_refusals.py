"""Sieve's reject and ereject in the SMTP and LMTP dialogue, with real processes (RFC 5429 section 2.1.1)."""

from __future__ import annotations

import smtplib
from pathlib import Path

import pytest

from tests.integration.mail import PASSWORD, fetched, imap, letter, new_account, wait_messages
from tests.support.house import House

pytestmark = pytest.mark.integration

SCRIPT = 'require "ereject"; if header :contains "subject" "spam" { ereject text:\nNot here.\nNor there.\n.\n; }'


def refusing_account(house: House, folder: Path, script: str = SCRIPT) -> str:
    address = new_account(house)
    file = folder / "refuse.sieve"
    file.write_text(script)
    house.eilpost("sieve", "put", address, "refuse", str(file), "--activate")
    return address


def spam(address: str) -> bytes:
    return letter(address, "spam for you")


def test_case_16_refused_in_the_dialogue_of_smtp(house: House, tmp_path: Path) -> None:
    address = refusing_account(house, tmp_path)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"]) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("eve@example.net", [address], spam(address))
        assert (refused.value.smtp_code, refused.value.smtp_error) == (550, b"5.7.1 Not here.\n5.7.1 Nor there.")
        client.sendmail("eve@example.net", [address], letter(address))
    wait_messages(house, address, 1)


def test_case_16_one_of_two_recipients_refuses_by_a_report(house: House, tmp_path: Path) -> None:
    address, other, sender = refusing_account(house, tmp_path), new_account(house), new_account(house)
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"]) as client:
        client.sendmail(sender, [address, other], spam(address))
    wait_messages(house, other, 1)
    wait_messages(house, sender, 1)
    rows = fetched(imap(house, sender), "1", "(BODY[])")
    assert b"report-type=delivery-status" in rows[0][1]


def test_case_16_lmtp_has_a_reply_for_each(house: House, tmp_path: Path) -> None:
    address, other = refusing_account(house, tmp_path), new_account(house)
    with smtplib.LMTP("127.0.0.1", house.ports["lmtp"]) as client:
        client.docmd("LHLO", "drill.example")
        client.mail("eve@example.net")
        for recipient in (address, other):
            assert client.rcpt(recipient)[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(spam(address) + b".\r\n")
        assert [client.getreply()[0] for _ in range(2)] == [550, 250]
    wait_messages(house, other, 1)


def test_what_the_sender_asked_for_is_known_in_the_dialogue(house: House, tmp_path: Path) -> None:
    """RFC 6009 section 5."""
    script = 'require ["ereject", "envelope-deliverby"]; if envelope "bymode" "return" { ereject "No hurry."; }'
    address, sender = refusing_account(house, tmp_path, script), new_account(house)
    octets = letter(address).replace(b"friend@example.net", sender.encode())
    with smtplib.SMTP("127.0.0.1", house.ports["submission"]) as client:
        client.ehlo()
        client.auth("PLAIN", lambda _=None: f"\0{sender}\0{PASSWORD}")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(sender, [address], octets, mail_options=["BY=600;R"])
        assert (refused.value.smtp_code, refused.value.smtp_error) == (550, b"5.7.1 No hurry.")
        client.sendmail(sender, [address], octets, mail_options=["BY=600;N"])
    wait_messages(house, address, 1)
