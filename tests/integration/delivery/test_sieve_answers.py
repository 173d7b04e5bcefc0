"""Letters that scripts write: answers, refusals and notifications."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.contracts import sieve
from tests.support.filtered import ANN, BOB, FAR, HOST, octets, own_letters, post


async def test_vacation_answers_each_sender_once_in_its_days(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.storage.add_accounts("carl@example.org")
        await office.script('require "vacation"; vacation :days 7 :subject "Gr\u00fc\u00dfe" "Away.";')
        for _ in range(3):
            await office.send(octets(id="first"), sender="carl@example.org")
        (answer,) = await office.inside("INBOX", "carl@example.org")
        text = answer.decode()
        assert text.startswith(f"Return-Path: <>\r\nDelivered-To: carl@example.org\r\nFrom: {ANN}\r\n")
        assert "\r\nTo: carl@example.org\r\n" in text
        assert "\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n" in text
        assert "\r\nIn-Reply-To: <first@elsewhere.example>\r\nReferences: <first@elsewhere.example>\r\n" in text
        assert "\r\nAuto-Submitted: auto-replied (vacation)\r\n" in text
        assert text.endswith("\r\n\r\nAway.\r\n")
        assert len(await office.inside()) == 3
        await office.send(octets(), sender="carl@example.org")
        assert len(await office.inside("INBOX", "carl@example.org")) == 1


async def test_case_19_two_vacations_answer_once_each_at_most(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        for address in (ANN, BOB):
            await office.script('require "vacation"; vacation "Away.";', address)
        for _ in range(2):
            await office.send(octets(to=ANN), sender=BOB)
            await office.send(octets(to=BOB), BOB, sender=ANN)
        for address in (ANN, BOB):
            answers = [one for one in await office.inside("INBOX", address) if b"Auto-Submitted" in one]
            assert len(answers) == 1


async def test_case_19_the_memory_of_vacation_survives_a_restart(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "vacation"; vacation "Away.";')
        await office.send(octets(), sender=BOB)
    async with post(tmp_path, fresh=False) as office:
        await office.send(octets(), sender=BOB)
        assert len([one for one in await office.inside("INBOX", BOB) if b"Auto-Submitted" in one]) == 1
        assert len(await office.inside()) == 2


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ((), ""),
        ((), "owner-list@elsewhere.example"),
        ((), "list-request@elsewhere.example"),
        ((), "MAILER-DAEMON@elsewhere.example"),
        ((), ANN),
        (("Auto-Submitted: auto-generated",), FAR),
        (("List-Id: <l.elsewhere.example>",), FAR),
        (("Precedence: bulk",), FAR),
    ],
)
async def test_case_17_machines_get_no_answer_and_no_report(
    tmp_path: Path, fields: tuple[str, ...], sender: str
) -> None:
    async with post(tmp_path) as office:
        await office.script('require "vacation"; vacation "Away.";')
        await office.script('require "reject"; reject "No.";', BOB)
        first = await office.send(octets(*fields), ANN, BOB, sender=sender)
        assert own_letters(await office.family(first.id), first.id) == ([] if sender != ANN else [("", [ANN])])
        assert len(await office.inside()) == (2 if sender == ANN else 1)


async def test_vacation_answers_only_who_names_the_user(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "vacation"; vacation :addresses "ann@other.example" "Away.";')
        first = await office.send(octets(to="undisclosed:;"))
        second = await office.send(octets(to="Ann <ANN@other.example>"))
        assert own_letters(await office.family(first.id), first.id) == []
        assert own_letters(await office.family(second.id), second.id) == [("", [FAR])]


async def test_vacation_fcc_files_the_answer_when_there_is_one(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require ["vacation", "fcc"]; vacation :fcc "Sent" "Away.";')
        for _ in range(2):
            await office.send(octets())
        (answer,) = await office.inside("Sent")
        assert answer.startswith(b"From: ann@example.org\r\n")


async def test_refused_letters_are_reported(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "ereject"; ereject "Not you.";')
        await office.script('require "reject"; reject "Nor you, Gr\u00fc\u00dfe.";', BOB)
        await office.storage.add_accounts("carl@example.org")
        found = await office.send(octets(), ANN, BOB, sender="carl@example.org")
        assert [one.filed for one in found.recipients] == ["refused", "refused"]
        status, disposition = [one.decode() for one in await office.inside("INBOX", "carl@example.org")]
        assert "Content-Type: multipart/report; report-type=delivery-status;" in status
        assert f"Reporting-MTA: dns; {HOST}\r\n\r\nFinal-Recipient: rfc822;{ANN}\r\nAction: failed\r\n" in status
        assert "\r\nNot you.\r\n" in status
        assert "report-type=disposition-notification" in disposition
        assert "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n" in disposition
        assert re.search(r"Nor you, Gr=C3=BC=C3=9Fe\.", disposition)
        assert await office.inside() == await office.inside("INBOX", BOB) == []


async def test_case_16_nobody_is_told_who_wants_no_report(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "reject"; reject "No.";')
        first = await office.send(octets(), notify=("NEVER",))
        assert len(await office.family(first.id)) == 1
        assert "refused without a report" in (await office.log())[0]


async def test_notify_sends_a_short_letter(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'require "enotify"; notify :message "New mail" "mailto:{BOB}";')
        await office.send(octets())
        await office.send(octets("Auto-Submitted: auto-replied"))
        (note,) = await office.inside("INBOX", BOB)
        assert b'\r\nAuto-Submitted: auto-notified; owner-email="ann@example.org"\r\n' in note
        assert b"\r\nSubject: New mail\r\n" in note
        assert len(await office.inside()) == 2


async def test_vacation_sees_the_header_as_the_script_left_it(tmp_path: Path) -> None:
    """RFC 5293 section 7."""
    async with post(tmp_path) as office:
        await office.script('require ["vacation", "editheader"]; deleteheader "List-Id"; vacation "Away.";')
        first = await office.send(octets("List-Id: <l.elsewhere.example>"))
        assert own_letters(await office.family(first.id), first.id) == [("", [FAR])]


async def test_notifications_of_bounces_have_no_sender_either(tmp_path: Path) -> None:
    """RFC 5436 section 2.7."""
    async with post(tmp_path) as office:
        await office.script(f'require "enotify"; notify "mailto:{BOB}";')
        for sender, expected in ((FAR, ANN), ("", "")):
            first = await office.send(octets(), sender=sender)
            assert own_letters(await office.family(first.id), first.id) == [(expected, [BOB])]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('require "ereject"; ereject "Not you.";', "Not you."),
        ('require "reject"; reject "Nor you.";', "Nor you."),
        ('require "reject"; reject "Gr\u00fc\u00dfe";', ""),  # its exact words need a letter
        ('require "ereject"; ereject "Gr\u00fc\u00dfe";', "Refused by the recipient's mail filtering program"),
        ('require "reject"; if header "subject" "other" { reject "x"; }', ""),
        ('require ["reject", "mailbox"]; if mailboxexists "Archive" { reject "Late."; }', "Late."),
        ("keep; # reject", ""),
        ("broken reject", ""),
    ],
)
async def test_case_16_refusals_are_known_before_a_letter_is_accepted(
    tmp_path: Path, script: str, reason: str
) -> None:
    async with post(tmp_path) as office:
        await office.script(script)
        examine = sieve.Examine(octets(), FAR, (ANN, BOB, "nobody@example.org", "x@far.example"))
        reply = await office.storage.ask("smtp", sieve.refusals, examine)
        assert reply.reasons == (reason, "", "", "")
        assert not await office.inside()
        assert not await office.log()
