"""What an installation gives to the scripts of its users: scripts, lists, its own filters' findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.delivery.sieve.config import SieveSettings
from services.delivery.sieve.programs import Programs
from shared.base.errors import ConfigurationError
from shared.contracts import directory
from tests.support.filtered import ANN, BOB, FAR, octets, own_letters, post


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
