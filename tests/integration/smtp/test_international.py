"""Addresses beyond ASCII, from RCPT to the mailbox: abuse case 21."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import trio

from shared.contracts import directory
from shared.contracts.errors import Code, Refused
from tests.integration.smtp.test_large_messages import stage_before
from tests.support.running_storage import RunningStorage, running_storage

LOCAL, DOMAIN = unicodedata.normalize("NFC", "jörg"), "bücher.example"
A_LABELS = "xn--bcher-kva.example"
SPELLINGS = [
    f"{LOCAL}@{DOMAIN}",
    f"{unicodedata.normalize('NFD', LOCAL)}@{DOMAIN}",
    f"{LOCAL}@{A_LABELS}",
    f"{LOCAL.upper()}@{A_LABELS.upper()}",
    f"{unicodedata.normalize('NFD', LOCAL)}@{unicodedata.normalize('NFD', DOMAIN)}",
]


async def rcpt(storage: RunningStorage, nursery: trio.Nursery, paths: list[bytes]) -> list[str]:
    """The replies to RCPTs in one transaction with SMTPUTF8."""
    client = stage_before(storage, nursery).connect()
    await client.greeted()
    assert (await client.ask("MAIL FROM:<a@b.example> SMTPUTF8")).startswith("250 ")
    return [await client.ask(b"RCPT TO:<" + path + b">") for path in paths]


async def test_case_21_equal_addresses_reach_one_mailbox(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts(f"{LOCAL}@{A_LABELS}")
        replies = await rcpt(storage, nursery, [spelling.encode() for spelling in SPELLINGS])
        assert [reply[:9] for reply in replies] == ["250 2.1.5"] * len(SPELLINGS)
        asked = await storage.ask("smtp", directory.resolve, directory.Resolve(tuple(SPELLINGS)))
        assert len({resolution.accounts for resolution in asked.resolutions}) == 1
        nursery.cancel_scope.cancel()


async def test_case_21_what_is_no_text_or_turns_it_around_is_refused(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage, trio.open_nursery() as nursery:
        await storage.add_accounts(f"joerg@{A_LABELS}")
        domain = b"@" + A_LABELS.encode()
        paths = [
            b"j\xc0\xb6rg" + domain,  # overlong
            b"j\xf6rg" + domain,  # Latin-1
            b"j\xed\xa0\x80" + domain,  # a surrogate
            "joerg\u202e".encode() + domain,  # right to left from here
            "jo\u200berg".encode() + domain,  # invisible
        ]
        for reply in await rcpt(storage, nursery, paths):
            assert reply[:3] in ("501", "550", "553")
            assert reply.isascii()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("address", ["p\u0430ypal@example.org", "\u0430dmin@example.org", "jo\u202eerg@example.org"])
async def test_case_21_no_account_may_look_like_another(tmp_path: Path, address: str) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("paypal@example.org", "admin@example.org")
        made = await storage.ask(
            "admin", directory.account_add, directory.AccountsNew((directory.AccountNew(address, "a long secret"),))
        )
        assert made.results[0].error
        with pytest.raises(Refused) as refused:
            await storage.login(address)
        assert refused.value.code is Code.LOGIN_FAILED
