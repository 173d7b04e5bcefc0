"""Where users' scripts put letters between the spool and the mailboxes."""

from __future__ import annotations

from pathlib import Path

from shared.contracts import mailboxes, metadata, sieve
from tests.support.filtered import ANN, BOB, FAR, octets, post


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


async def test_duplicates_are_seen_even_when_they_come_together(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "duplicate"; if duplicate { discard; }')
        letter = octets(id="same")
        ids = [await office.hand_in(letter) for _ in range(6)]
        for id in ids:
            await office.served(id)
        await office.send(letter)
        assert len(await office.inside()) == 1


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
