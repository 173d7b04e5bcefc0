"""DKIM keys in storage: made, rotated, lent to who may sign; and how much an account may send."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.storage import config
from shared.authentication.dkim.keys import public_key, signing_key
from shared.contracts import directory, dkim, spool
from shared.contracts.dkim import Generate, Key, ListRequest, SigningRequest
from shared.contracts.errors import Code, Refused
from tests.support import databases
from tests.support.running_storage import SETTINGS, RunningStorage, letter, running_storage

DAY = 86_400


async def generate(storage: RunningStorage, domain: str = "example.org", **options: Any) -> list[Key]:
    return list((await storage.ask("admin", dkim.generate, Generate(domain, **options))).keys)


async def test_a_domain_gets_a_pair_that_fits_its_records(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        keys = await generate(storage)
        assert [key.algorithm for key in keys] == ["ed25519", "rsa"]
        assert [key.selector[-1] for key in keys] == ["e", "r"]
        grant = (await storage.login("ann@example.org", "smtp")).grant
        lent = await storage.ask("smtp", dkim.signing, SigningRequest(grant, "Ann@Example.org"))
        assert lent.domain == "example.org"
        for private in lent.keys:
            (key,) = [key for key in keys if key.selector == private.selector]
            made = signing_key(lent.domain, private.selector, private.secret).sign(b"octets")
            assert public_key(key.record.encode()).verify(made, b"octets")


async def test_keys_are_lent_for_own_addresses_alone(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "eve@example.net")
        await generate(storage)
        grant = (await storage.login("eve@example.net", "smtp")).grant
        for address, code in (("ann@example.org", Code.FORBIDDEN), ("x@example.org", Code.FORBIDDEN)):
            with pytest.raises(Refused) as refused:
                await storage.ask("smtp", dkim.signing, SigningRequest(grant, address))
            assert refused.value.code is code
        with pytest.raises(Refused):
            await storage.ask("smtp", dkim.signing, SigningRequest(b"", "ann@example.org"))
        lent = await storage.ask("smtp", dkim.signing, SigningRequest(grant, "eve@example.net"))
        assert lent.keys == ()


async def test_a_rotation_takes_over_in_time(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        first = await generate(storage)
        with pytest.raises(Refused) as refused:
            await generate(storage)
        assert refused.value.code is Code.ALREADY_EXISTS
        for _ in range(2):  # a second rotation takes the place of the first
            keys = await generate(storage, rotate=True, after=2 * DAY)
            assert len(keys) == 4
        old = [key for key in keys if key.selector in {each.selector for each in first}]
        new = [key for key in keys if key not in old]
        assert {key.signs_until for key in old} == {key.signs_from for key in new}
        assert {key.signs_until for key in new} == {0}
        assert (await storage.ask("admin", dkim.listing, ListRequest("example.org"))).keys == tuple(keys)


async def test_private_keys_are_not_stored_in_clear(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        await generate(storage)
        grant = (await storage.login("ann@example.org", "smtp")).grant
        lent = await storage.ask("smtp", dkim.signing, SigningRequest(grant, "ann@example.org"))
        stored = [row[0] for row in databases.look(tmp_path, "SELECT secret FROM dkim_key")]
        assert len(stored) == 2
        for private in lent.keys:
            assert not any(private.secret[-32:] in secret for secret in stored)


async def test_a_domain_goes_with_its_keys(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("admin", directory.domain_add, directory.DomainSet("gone.example"))
        await generate(storage, "gone.example")
        await storage.ask("admin", directory.domain_remove, directory.Name("gone.example"))
        assert (await storage.ask("admin", dkim.listing, ListRequest())).keys == ()
        with pytest.raises(Refused):
            await generate(storage, "gone.example")


async def code(storage: RunningStorage, handed_in: spool.Accept) -> Code | None:
    """Why it was refused, None if it was not."""
    try:
        await storage.ask("smtp", spool.accept, handed_in)
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("limits", "passed", "refusals"),
    [
        (config.Spool(letters_per_hour=3), 3, {Code.THROTTLED}),
        (config.Spool(recipients_per_day=5), 2, {Code.THROTTLED}),
        (config.Spool(letters_per_hour=0, recipients_per_day=0), 6, {None}),
    ],
)
async def test_an_account_may_send_so_much_whatever_front_it_uses(
    tmp_path: Path, limits: config.Spool, passed: int, refusals: set[Code | None]
) -> None:
    async with running_storage(tmp_path, replace(SETTINGS, spool=limits)) as storage:
        await storage.add_accounts("ann@example.org", "ben@example.org")
        grant = (await storage.login("ann@example.org", "smtp")).grant
        accepted, first = 0, letter("a@example.net", "b@example.net", grant=grant)
        for each in [first, *(letter("a@example.net", "b@example.net", grant=grant) for _ in range(5))]:
            accepted += await code(storage, each) is None
        assert accepted == passed
        assert await code(storage, letter("a@x.example", "b@x.example", "c@x.example", grant=grant)) in refusals
        assert (await storage.ask("smtp", spool.accept, first)).repeated, "a repeat is not counted again"
        await storage.ask("smtp", spool.accept, letter("ann@example.org"))  # mail from outside is not counted
        other = (await storage.login("ben@example.org", "smtp")).grant
        await storage.ask("smtp", spool.accept, letter("a@example.net", grant=other))
