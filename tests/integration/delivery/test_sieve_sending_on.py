"""Letters that scripts send on, and the loops that this must not make."""

from __future__ import annotations

from pathlib import Path

from services.delivery.sieve.config import SieveSettings
from tests.support.filtered import ANN, BOB, FAR, octets, own_letters, post


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
