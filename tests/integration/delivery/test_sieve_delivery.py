"""What users' scripts do to letters between the spool and the mailboxes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.delivery.sieve.config import SieveSettings
from services.delivery.sieve.programs import Programs
from shared.base.errors import ConfigurationError
from shared.contracts import directory, mailboxes, metadata, sieve
from tests.support.filtered import ANN, BOB, FAR, HOST, octets, own_letters, post


async def test_a_letter_goes_where_the_script_says_with_flags(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["fileinto", "imap4flags", "mailbox", "copy"];'
            'fileinto :copy :flags ["\\\\Flagged", "Red"] "Archive"; fileinto :create "Lists/trio";'
            'fileinto "Nowhere";'
        )
        letter = octets()
        found = await office.send(letter)
        prefix = f"Return-Path: <{FAR}>\r\nDelivered-To: {ANN}\r\n".encode()
        assert await office.filed("Archive") == [(prefix + letter, ("Red", "\\Flagged"))]
        assert await office.inside("Lists/trio") == [prefix + letter]
        assert await office.inside() == [prefix + letter]  # there is no Nowhere, and nothing is lost
        assert found.recipients[0].filed == "Archive/1, Lists/trio/1, INBOX/1"


async def test_who_has_no_script_is_asked_for_nothing(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        asked: list[str] = []
        bus = office.storage.bus("delivery")
        call = bus.call

        async def noted(op: object, request: object) -> object:
            asked.append(op.name)  # type: ignore[attr-defined]
            return await call(op, request)  # type: ignore[arg-type]

        bus.call = noted  # type: ignore[assignment,method-assign]
        await office.script("keep;", active=False)
        await office.send(octets())
        assert not [name for name in asked if name.startswith("sieve")]
        assert len(await office.inside()) == 1


async def test_a_change_of_scripts_counts_from_the_next_letter(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.send(octets())
        await office.script('require "fileinto"; fileinto "Junk";')
        await office.send(octets())
        await office.script('require "fileinto"; fileinto "Trash";')
        await office.send(octets())
        await office.script('require "fileinto"; fileinto "Archive";', name="other")
        await office.send(octets())
        await office.storage.ask("admin", sieve.activate, sieve.Activate("k", "", address=ANN))
        await office.send(octets())
        counts = [len(await office.inside(name)) for name in ("INBOX", "Junk", "Trash", "Archive")]
        assert counts == [2, 1, 1, 1]


async def test_discarded_letters_are_settled_and_traced(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script("discard;")
        found = await office.send(octets())
        assert [(one.state, one.filed) for one in found.recipients] == [("done", "discarded")]
        assert await office.inside() == []


async def test_an_error_keeps_the_letter_and_leaves_a_line(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require ["fileinto", "ihave"];\nfileinto "Junk";\nerror "no more";')
        await office.send(octets())
        await office.script("this is no script")
        await office.send(octets())
        assert len(await office.inside()) == 2
        assert await office.inside("Junk") == []
        newest, oldest = await office.log()
        assert newest.startswith("active script: line 1, column")
        assert oldest == "active script: line 3, column 1: no more; the letter was kept"


async def test_the_log_keeps_its_newest_lines(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "ihave"; error "no";')
        for _ in range(205):
            last = await office.hand_in(octets())
        await office.served(last)
        found = await office.storage.ask("admin", sieve.log, sieve.LogRequest(ANN, 1_000))
        assert len(found.lines) == 200
        assert found.lines[0].letter == last


async def test_redirect_makes_a_letter_of_its_own(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'require ["copy", "fileinto"]; redirect :copy "{BOB}"; redirect "x@far.example";')
        letter = octets()
        first = await office.send(letter)
        family = await office.family(first.id)
        assert own_letters(family, first.id) == [(FAR, [BOB]), (FAR, ["x@far.example"])]
        assert [one.recipients[0].state for one in family] == ["done", "done", "ready"]
        assert [one.size - len(letter) for one in family[1:]] == [len(f"Delivered-To: {ANN}\r\n")] * 2
        assert await office.inside() == []
        path = f"Return-Path: <{FAR}>\r\n"
        assert await office.inside("INBOX", BOB) == [
            f"{path}Delivered-To: {BOB}\r\nDelivered-To: {ANN}\r\n".encode() + letter
        ]


async def test_redirect_keeps_the_null_sender(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('redirect "x@far.example";')
        first = await office.send(octets(), sender="")
        assert own_letters(await office.family(first.id), first.id) == [("", ["x@far.example"])]


async def test_case_18_redirects_that_go_round_end_after_one_pass(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'redirect "{BOB}";')
        await office.script(f'redirect "{ANN}";', BOB)
        first = await office.send(octets())
        family = await office.family(first.id)
        assert len(family) == 3
        assert (len(await office.inside()), len(await office.inside("INBOX", BOB))) == (1, 0)
        assert "it came back" in (await office.log())[0]


async def test_case_18_redirect_to_self_and_many_hops_keep_the_letter(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'redirect "{ANN.upper()}";')
        await office.send(octets())
        await office.script('redirect "x@far.example";')
        hops = [f"Delivered-To: u{number}@far.example" for number in range(5)]
        await office.send(octets(*hops))
        assert len(await office.inside()) == 2
        newest, oldest = await office.log()
        assert "sent on 5 times before" in newest
        assert "that is the user" in oldest


async def test_an_account_sends_no_more_letters_on_than_it_may(tmp_path: Path) -> None:
    async with post(tmp_path, sieve=SieveSettings(redirects=1)) as office:
        await office.script('redirect "x@far.example"; redirect "y@far.example";')
        first = await office.send(octets())
        assert own_letters(await office.family(first.id), first.id) == [(FAR, ["x@far.example"])]
        assert len(await office.inside()) == 1


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


async def test_duplicates_are_seen_even_when_they_come_together(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "duplicate"; if duplicate { discard; }')
        letter = octets(id="same")
        ids = [await office.hand_in(letter) for _ in range(6)]
        for id in ids:
            await office.served(id)
        await office.send(letter)
        assert len(await office.inside()) == 1


async def test_notify_sends_a_short_letter(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'require "enotify"; notify :message "New mail" "mailto:{BOB}";')
        await office.send(octets())
        await office.send(octets("Auto-Submitted: auto-replied"))
        (note,) = await office.inside("INBOX", BOB)
        assert b'\r\nAuto-Submitted: auto-notified; owner-email="ann@example.org"\r\n' in note
        assert b"\r\nSubject: New mail\r\n" in note
        assert len(await office.inside()) == 2


async def test_mailboxes_are_found_by_use_and_by_id(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = (await office.storage.login(ANN)).grant
        listed = await office.storage.ask("imap", mailboxes.listing, mailboxes.ListRequest(grant))
        number = next(one.id for one in listed.mailboxes if one.name == "Drafts")
        await office.script(
            'require ["fileinto", "special-use", "mailboxid", "mailbox"];'
            'if allof(specialuse_exists "\\\\Junk", mailboxexists "Sent", not mailboxexists "None",'
            f' mailboxidexists "F{number}", not mailboxidexists "F999999") {{'
            'fileinto :specialuse "\\\\junk" "Nowhere";'
            f'fileinto :mailboxid "F{number}" "Nowhere"; }}'
        )
        await office.send(octets())
        assert [len(await office.inside(name)) for name in ("Junk", "Drafts", "INBOX")] == [1, 1, 0]


async def test_changed_letters_are_filed_and_sent_on_changed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["editheader", "fileinto", "copy"]; fileinto :copy "Archive";'
            f'addheader "X-Seen" "yes"; redirect :copy "{BOB}";'
        )
        large = octets(text="x" * 70 + "\r\n")
        await office.send(large)
        (plain,), (changed,) = await office.inside("Archive"), await office.inside()
        (sent,) = await office.inside("INBOX", BOB)
        assert b"X-Seen" not in plain
        assert changed.endswith(b"X-Seen: yes\r\n" + large)
        assert sent.endswith(f"Delivered-To: {ANN}\r\nX-Seen: yes\r\n".encode() + large)


async def test_large_letters_are_looked_into_and_changed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["editheader", "body", "fileinto"]; addheader "X-Seen" "yes";'
            'if body :contains "needle" { fileinto "Archive"; }'
        )
        letter = octets(text=("x" * 70 + "\r\n") * 6_000 + "needle\r\n")
        found = await office.send(letter)
        assert found.recipients[0].filed == "Archive/1"


async def test_scripts_of_the_installation_run_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "first.sieve").write_text(
        'require ["editheader", "fileinto"]; addheader "X-First" "yes"; if header "subject" "spam" { discard; stop; }'
    )
    (tmp_path / "last.sieve").write_text('require "fileinto"; if exists "X-First" { fileinto "Archive"; }')
    settings = SieveSettings(before=(str(tmp_path / "first.sieve"),), after=(str(tmp_path / "last.sieve"),))
    async with post(tmp_path / "data", sieve=settings) as office:
        await office.script('require "fileinto"; if header "subject" "file" { fileinto "Junk"; }')
        for subject in ("spam", "file", "plain"):
            await office.send(octets(subject=subject), ANN)
        await office.send(octets(), BOB)
        assert [len(await office.inside(name)) for name in ("INBOX", "Junk", "Archive")] == [0, 1, 1]
        assert len(await office.inside("Archive", BOB)) == 1


async def test_scripts_include_others(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "common.sieve").write_text(
        'require "fileinto"; if header "subject" "common" { fileinto "Junk"; stop; }'
    )
    async with post(tmp_path / "data", sieve=SieveSettings(shared=str(shared))) as office:
        await office.script('require "fileinto"; fileinto "Archive";', name="mine", active=False)
        await office.script('require "include"; include :global "common"; include :personal "mine";')
        await office.send(octets(subject="common"))
        await office.send(octets())
        assert [len(await office.inside(name)) for name in ("INBOX", "Junk", "Archive")] == [0, 1, 1]


async def test_a_script_of_the_installation_that_does_not_compile_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.sieve").write_text("fileinto")
    async with post(tmp_path / "data") as office:
        for name in ("bad.sieve", "none.sieve"):
            with pytest.raises(ConfigurationError, match=r"delivery\.sieve\.before"):
                Programs(office.storage.bus("delivery"), SieveSettings(before=(str(tmp_path / name),)))


async def test_an_alias_runs_the_script_of_each_of_its_accounts(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        alias = directory.Alias("all@example.org", (ANN, BOB))
        await office.storage.ask("admin", directory.alias_add, alias)
        await office.script('require "fileinto"; fileinto "Junk";', BOB)
        await office.send(octets(), "all@example.org")
        assert (len(await office.inside()), len(await office.inside("Junk", BOB))) == (1, 1)


async def test_a_full_account_keeps_the_whole_filing_waiting(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "copy"; redirect :copy "x@far.example";')
        await office.storage.ask("admin", directory.account_set, directory.AccountSet(ANN, quota=10))
        found = await office.send(octets())
        assert [(one.state, one.code) for one in found.recipients] == [("ready", "4.2.2")]
        assert len(await office.family(found.id)) == 1


async def test_spam_and_virus_are_what_our_own_filter_left_topmost(tmp_path: Path) -> None:
    settings = SieveSettings(spam_header="X-Spam-Score", spam_full=10.0, virus_header="X-Virus")
    async with post(tmp_path, sieve=settings) as office:
        await office.script(
            'require ["spamtestplus", "virustest", "relational", "comparator-i;ascii-numeric", "fileinto"];'
            'if spamtest :percent :value "ge" :comparator "i;ascii-numeric" "80" { fileinto "Junk"; }'
            'elsif virustest :value "eq" :comparator "i;ascii-numeric" "5" { fileinto "Trash"; }'
        )
        for fields in (("X-Spam-Score: 8.5 / 10", "X-Spam-Score: 0"), ("X-Virus: 5",), ("X-Spam-Score: 1",), ()):
            await office.send(octets(*fields))
        assert [len(await office.inside(name)) for name in ("Junk", "Trash", "INBOX")] == [1, 1, 2]


async def test_lists_are_files_of_the_installation(tmp_path: Path) -> None:
    (tmp_path / "friends.list").write_text(f"# those we know\n{FAR.upper()}\n\n")
    (tmp_path / "team.list").write_text(f"{BOB}\nx@far.example\n")
    async with post(tmp_path / "data", sieve=SieveSettings(lists=str(tmp_path))) as office:
        await office.script(
            'require ["extlists", "fileinto", "envelope", "copy"];'
            'if allof(valid_ext_list "friends", envelope :list "from" "friends", not valid_ext_list "none") {'
            'fileinto "Archive"; redirect :copy :list "team"; }'
        )
        first = await office.send(octets())
        assert len(await office.inside("Archive")) == 1
        family = await office.family(first.id)
        assert own_letters(family, first.id) == [(FAR, [BOB]), (FAR, ["x@far.example"])]


async def test_parts_are_replaced_and_messages_enclosed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["foreverypart", "mime", "replace", "enclose", "copy", "fileinto"];'
            'foreverypart { if header :mime :contenttype "content-type" "text/html" { replace "gone"; } }'
            'fileinto :copy "Archive"; enclose :subject "Inside" "Look."; '
        )
        body = "--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n"
        letter = octets("MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="b"', text=body)
        await office.send(letter)
        changed = letter.replace(
            b"Content-Type: text/html\r\n\r\n<p>html</p>",
            b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\ngone",
        )
        (archived,), (enclosed,) = await office.inside("Archive"), await office.inside()
        assert archived.endswith(changed)
        assert b"\r\nSubject: Inside\r\n" in enclosed
        assert changed in enclosed


async def test_one_copy_a_mailbox_with_the_flags_said_last(tmp_path: Path) -> None:
    """RFC 5232 section 3 and RFC 5293 section 7."""
    async with post(tmp_path) as office:
        await office.script(
            'require ["fileinto", "imap4flags", "editheader"]; fileinto :flags "a" "Archive";'
            'addheader "X-Seen" "yes"; fileinto :flags ["b", "c"] "Archive";'
        )
        await office.send(octets())
        ((copy, flags),) = await office.filed("Archive")
        assert flags == ("b", "c")
        assert b"X-Seen: yes" in copy


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
    "script",
    [
        "if true {}" * 10_100,
        "".join(f'redirect "a{number}@b.example";' for number in range(1_000)),
        'require "include"; include "main";',
        'require "foreverypart"; foreverypart {' + "if true {}" * 10_100 + "}",
        "#" * (100 * 1024 - 5) + "\nnope",
    ],
)
async def test_case_56_a_hostile_script_keeps_the_letter_and_tells_its_owner(tmp_path: Path, script: str) -> None:
    async with post(tmp_path) as office:
        await office.script(script)
        await office.script('require "fileinto"; fileinto "Archive";', BOB)
        found = await office.send(octets(), ANN, BOB)
        assert [one.state for one in found.recipients] == ["done", "done"]
        assert len(await office.inside()) == len(await office.inside("Archive", BOB)) == 1
        assert len(await office.family(found.id)) == 1
        assert "the letter was kept" in (await office.log())[0]


async def test_case_56_questions_do_not_buy_more_time(tmp_path: Path) -> None:
    """Each answer lets the script begin again, but all of its runs share one account of rounds."""
    async with post(tmp_path) as office:
        for number in range(12):
            text = f'require ["include", "mailbox"]; if mailboxexists "m{number}" {{}} include "s{number + 1}";'
            await office.script(text, name=f"s{number}", active=False)
        await office.script('require "include"; include "s0";')
        await office.send(octets())
        assert len(await office.inside()) == 1
        assert "active script" in (await office.log())[0]


async def test_case_57_patterns_of_users_stop_nobody(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "regex"; if header :regex "subject" "(a+)+$b" { discard; }')
        await office.script(f'if header :matches "subject" "{"*a" * 50}*b" {{ discard; }}', BOB)
        await office.send(octets(subject="a" * 100_000), ANN, BOB)
        assert len(await office.inside()) == len(await office.inside("INBOX", BOB)) == 1


async def test_annotations_are_those_that_the_user_sees(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        grant = (await office.storage.login(ANN)).grant
        own = (metadata.Annotation("/private/comment", "mine \u00e4".encode()),)
        for name in ("Archive", ""):
            await office.storage.ask("imap", metadata.set, metadata.Set(grant, name, own))
        script = (
            'require ["mboxmetadata", "servermetadata", "fileinto"];'
            'if allof(metadata :contains "Archive" "/PRIVATE/comment" "mine",'
            ' metadataexists "Archive" "/private/comment",'
            ' not metadataexists "INBOX" "/private/comment", not metadata :contains "None" "/private/comment" "",'
            ' servermetadata "/private/comment" "mine \u00e4", not servermetadataexists "/shared/comment")'
            '{ fileinto "Archive"; }'
        )
        await office.script(script)
        await office.script(script, BOB)
        await office.send(octets(), ANN, BOB)
        assert len(await office.inside("Archive")) == len(await office.inside("INBOX", BOB)) == 1


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


async def test_two_addresses_of_one_user_send_a_letter_on_once(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(f'require "copy"; redirect :copy "{BOB}";')
        first = await office.send(octets(), ANN, "ann+lists@example.org")
        assert own_letters(await office.family(first.id), first.id) == [(FAR, [BOB])]
        assert len(await office.inside()) == len(await office.inside("INBOX", BOB)) == 1


async def test_scripts_see_by_when_a_letter_is_to_be_delivered(tmp_path: Path) -> None:
    """RFC 6009 section 5."""
    async with post(tmp_path) as office:
        await office.script(
            'require ["envelope", "envelope-deliverby", "relational", "comparator-i;ascii-numeric", "fileinto"];'
            'if allof (envelope :value "le" :comparator "i;ascii-numeric" "bytimerelative" "600",'
            ' envelope "bymode" "notify", envelope "bytrace" "trace") { fileinto "Archive"; }'
        )
        await office.send(octets())
        await office.served(await office.hand_in(octets(), deliver_by=office.now + 600, by_mode="NT"))
        assert [len(await office.inside(name)) for name in ("INBOX", "Archive")] == [1, 1]


async def test_reports_that_a_script_asked_for_go_to_its_owner(tmp_path: Path) -> None:
    """RFC 6009 sections 6.1 and 7.1; the null sender stays."""
    async with post(tmp_path) as office:
        await office.script(
            'require ["redirect-dsn", "redirect-deliverby"]; redirect "a@far.example";'
            'redirect :notify "NEVER" "b@far.example"; redirect :ret "HDRS" "c@far.example";'
            'redirect :bytimerelative 600 :bymode "notify" "d@far.example";'
        )
        first = await office.send(octets())
        assert own_letters(await office.family(first.id), first.id) == [
            (FAR, ["a@far.example"]),
            (ANN, ["b@far.example"]),
            (ANN, ["c@far.example"]),
            (ANN, ["d@far.example"]),
        ]
        second = await office.send(octets(), sender="")
        assert {sender for sender, _ in own_letters(await office.family(second.id), second.id)} == {""}
