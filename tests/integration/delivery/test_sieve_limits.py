"""Scripts that want too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts import directory
from tests.support.filtered import ANN, BOB, octets, post


async def test_a_full_account_keeps_the_whole_filing_waiting(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script('require "copy"; redirect :copy "x@far.example";')
        await office.storage.ask("admin", directory.account_set, directory.AccountSet(ANN, quota=10))
        found = await office.send(octets())
        assert [(one.state, one.code) for one in found.recipients] == [("ready", "4.2.2")]
        assert len(await office.family(found.id)) == 1


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
