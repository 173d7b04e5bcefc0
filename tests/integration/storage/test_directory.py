"""Domains, accounts, aliases and logins over the bus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.storage import config
from shared.contracts import directory, mailboxes, messages
from shared.contracts.blobs import Body
from shared.contracts.directory import (
    AccountNew,
    AccountSet,
    AccountsNew,
    Alias,
    DomainSet,
    Kind,
    Login,
    MaySend,
    Name,
    Resolve,
)
from shared.contracts.errors import Code, Refused
from shared.mail.summary import summarise
from tests.support.running_storage import PASSWORD, SETTINGS, RunningStorage, running_storage


async def _kinds(storage: RunningStorage, *addresses: str) -> list[Kind]:
    reply = await storage.ask("smtp", directory.resolve, Resolve(addresses))
    return [each.kind for each in reply.resolutions]


async def test_addresses_end_where_the_directory_says(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org")
        await storage.ask(
            "admin", directory.alias_add, Alias("all@example.org", ("ann@example.org", "bob+x@example.org"))
        )
        await storage.ask("admin", directory.alias_add, Alias("a@example.org", ("b@example.org",)))
        await storage.ask("admin", directory.alias_add, Alias("b@example.org", ("a@example.org", "x@far.example")))
        asked = (
            "Ann@EXAMPLE.org",
            "ann+lists@example.org",
            "all@example.org",
            "a@example.org",
            "no@example.org",
            "x@y.example",
        )
        for _ in range(2):  # looked up, then remembered
            reply = await storage.ask("smtp", directory.resolve, Resolve(asked))
            ann, detail, everyone, loop, nobody, foreign = reply.resolutions
            assert (ann.kind, ann.addresses) == (Kind.LOCAL, ("ann@example.org",))
            assert (detail.accounts, detail.detail) == (ann.accounts, "lists")
            assert everyone.addresses == ("ann@example.org", "bob@example.org")
            assert (loop.kind, loop.forwards) == (Kind.LOCAL, ("x@far.example",))
            assert (nobody.kind, foreign.kind) == (Kind.UNKNOWN, Kind.FOREIGN)


async def test_what_is_remembered_ends_with_a_change(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        assert await _kinds(storage, "new@example.org") == [Kind.UNKNOWN]
        await storage.ask("admin", directory.domain_set, DomainSet("example.org", "ann@example.org"))
        assert await _kinds(storage, "new@example.org") == [Kind.LOCAL]
        await storage.ask("admin", directory.domain_set, DomainSet("example.org"))
        await storage.ask("admin", directory.account_remove, Name("ann@example.org"))
        assert await _kinds(storage, "ann@example.org") == [Kind.UNKNOWN]
        await storage.ask("admin", directory.domain_remove, Name("example.org"))
        assert await _kinds(storage, "ann@example.org") == [Kind.FOREIGN]


async def test_a_login_opens_the_mailboxes_of_its_account_only(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org")
        ann = await storage.login("ann@example.org")
        listed = await storage.ask("imap", mailboxes.listing, mailboxes.ListRequest(ann.grant))
        assert {"INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"} <= {each.name for each in listed.mailboxes}
        for grant, service in ((ann.grant[:-1] + b"x", "imap"), (b"", "imap"), (ann.grant, "pop3")):
            with pytest.raises(Refused) as refused:
                await storage.ask(service, mailboxes.open, mailboxes.Open(grant, "INBOX", False))
            assert refused.value.code is Code.FORBIDDEN


async def test_wrong_names_and_passwords_are_one_refusal(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "off@example.org")
        await storage.ask("admin", directory.account_set, AccountSet("off@example.org", enabled=False))
        texts = set()
        for name, password in (
            ("ann@example.org", "wrong"),
            ("nobody@example.org", PASSWORD),
            ("off@example.org", PASSWORD),
            ("' OR 1=1", "x"),
            ("a.*.>", "x"),
            ("x" * 10_000, "x"),
        ):
            with pytest.raises(Refused) as refused:
                await storage.login(name, password=password)
            texts.add((refused.value.code, refused.value.text))
        assert len(texts) == 1


async def test_nobody_acts_for_another(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org")
        login = Login("PLAIN", "ann@example.org", PASSWORD, "ANN@example.org", "192.0.2.1", "s")
        for _ in range(2):
            assert (await storage.ask("imap", directory.login, login)).address == "ann@example.org"
            with pytest.raises(Refused):
                await storage.ask("imap", directory.login, login._replace(authzid="bob@example.org"))


async def test_a_new_password_ends_grants_and_remembered_logins(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        old = await storage.login("ann@example.org")
        await storage.login("ann@example.org")
        await storage.ask("admin", directory.account_set, AccountSet("ann@example.org", secret="another"))
        with pytest.raises(Refused) as refused:
            await storage.ask("imap", mailboxes.listing, mailboxes.ListRequest(old.grant))
        assert refused.value.code is Code.GRANT_EXPIRED
        with pytest.raises(Refused):
            await storage.login("ann@example.org")
        fresh = await storage.login("ann@example.org", password="another")
        renewed = await storage.ask("imap", directory.renew, directory.Renew(fresh.grant))
        assert renewed.account == old.account


async def test_grants_outlive_a_restart(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
    async with running_storage(tmp_path) as storage:
        assert (await storage.ask("imap", mailboxes.listing, mailboxes.ListRequest(grant))).mailboxes


async def test_guessing_is_slowed_then_stopped(tmp_path: Path) -> None:
    login = replace(SETTINGS.login, failures_per_address=3)
    async with running_storage(tmp_path, replace(SETTINGS, login=login)) as storage:
        await storage.add_accounts("ann@example.org")
        for guess in ("a", "a", "a", "b", "c"):  # the same wrong password counts once
            with pytest.raises(Refused) as refused:
                await storage.login("ann@example.org", password=guess)
            assert refused.value.code is Code.LOGIN_FAILED
        with pytest.raises(Refused) as refused:
            await storage.login("ann@example.org")
        assert refused.value.code is Code.THROTTLED
        assert int(refused.value.data) > 0
        elsewhere = Login("PLAIN", "ann@example.org", PASSWORD, "", "198.51.100.9", "s")
        assert await storage.ask("imap", directory.login, elsewhere)
    async with running_storage(tmp_path, replace(SETTINGS, login=login)) as storage:
        with pytest.raises(Refused) as refused:
            await storage.login("ann@example.org")
        assert refused.value.code is Code.THROTTLED, "a restart forgives nobody"


async def test_senders_are_the_account_and_its_aliases(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org")
        await storage.ask("admin", directory.domain_set, DomainSet("example.org", "ann@example.org"))
        await storage.ask("admin", directory.alias_add, Alias("team@example.org", ("ann@example.org",)))
        grant = (await storage.login("ann@example.org", "smtp")).grant
        asked = (
            "ann@example.org",
            "ann+x@example.org",
            "team@example.org",
            "bob@example.org",
            "any@example.org",
            "x@y.example",
        )
        for _ in range(2):
            reply = await storage.ask("smtp", directory.may_send, MaySend(grant, asked))
            assert reply.allowed == (True, True, True, False, False, False)


async def test_each_account_is_made_by_itself(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("admin", directory.domain_add, DomainSet("example.org"))
        new = (
            AccountNew("ann@example.org", "secret"),
            AccountNew("Ann@Example.Org", "secret"),
            AccountNew("no at", "secret"),
            AccountNew("x@other.example", "secret"),
            AccountNew("pаul@example.org", "secret"),  # a Cyrillic a
            AccountNew("md5@example.org", "{MD5}abc", True),
            AccountNew(
                "blf@example.org", "{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuFpnTZHjiwn6T92K9jkWtXYwgOq6s1y2", True
            ),
        )
        made = await storage.ask("admin", directory.account_add, AccountsNew(new))
        assert [bool(result.error) for result in made.results] == [False, True, True, True, True, True, False]
        listed = await storage.ask("admin", directory.account_list, directory.AccountList(limit=1))
        assert [each.address for each in listed.accounts] == ["ann@example.org"]
        rest = await storage.ask("admin", directory.account_list, directory.AccountList(after=listed.next_after))
        assert [each.address for each in rest.accounts] == ["blf@example.org"]


async def test_a_removed_account_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        old = await storage.login("ann@example.org")
        await storage.ask("admin", directory.account_remove, Name("ann@example.org"))
        await storage.add_accounts("ann@example.org")
        again = await storage.login("ann@example.org")
        assert again.account != old.account
        with pytest.raises(Refused) as refused:
            await storage.ask("imap", mailboxes.listing, mailboxes.ListRequest(old.grant))
        assert refused.value.code is Code.GRANT_EXPIRED


async def test_a_full_account_is_full_until_it_is_not(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
        new = messages.New(Body(b"Subject: x\r\n\r\n"), summarise(b"Subject: x\r\n\r\n"), ())
        await storage.ask("imap", messages.append, messages.Append(grant, "key", "INBOX", (new,)))
        for quota, kind in ((1, Kind.FULL), (0, Kind.LOCAL)):
            await storage.ask("admin", directory.account_set, AccountSet("ann@example.org", quota=quota))
            assert await _kinds(storage, "ann@example.org") == [kind]


async def test_excess_logins_wait_and_are_then_put_off(tmp_path: Path) -> None:
    login = config.Login(delays=("0",), hashing=1, hashing_wait=0.0)
    async with running_storage(tmp_path, replace(SETTINGS, login=login)) as storage:
        await storage.add_accounts("ann@example.org")
        with pytest.raises(Refused) as refused:
            await storage.login("ann@example.org")
        assert refused.value.code is Code.UNAVAILABLE


async def test_leave_to_send_as_another(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org", "info@example.org")
        grant = (await storage.login("ann@example.org", "smtp")).grant
        asked = directory.MaySend(grant, ("ann@example.org", "info@example.org", "sales@example.org"))

        async def may() -> tuple[bool, ...]:
            return (await storage.ask("smtp", directory.may_send, asked)).allowed

        assert await may() == (True, False, False)
        for address in ("Info@example.org", "sales@example.org"):
            for _ in range(2):  # saying it again changes nothing
                await storage.ask("admin", directory.sender_add, directory.Sender(address, "ann@example.org"))
        assert await may() == (True, True, True)
        await storage.ask("admin", directory.sender_remove, directory.Sender("info@example.org", "ann@example.org"))
        assert await may() == (True, False, True)
        listed = await storage.ask("admin", directory.sender_list, directory.Name(""))
        assert listed.senders == (directory.Sender("sales@example.org", "ann@example.org"),)
        for wrong in (("x@elsewhere.example", "ann@example.org"), ("info@example.org", "nobody@example.org")):
            with pytest.raises(Refused):
                await storage.ask("admin", directory.sender_add, directory.Sender(*wrong))
        await storage.ask("admin", directory.account_remove, directory.Name("ann@example.org"))
        assert not (await storage.ask("admin", directory.sender_list, directory.Name(""))).senders


async def test_the_postmaster_is_always_somebody(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org", "bob@example.org")
        await storage.ask("admin", directory.domain_add, DomainSet("other.example"))
        ann = await storage.login("ann@example.org", "smtp")

        async def readers(address: str) -> tuple[str, ...]:
            reply = await storage.ask("smtp", directory.resolve, Resolve((address,)))
            return reply.resolutions[0].addresses

        assert await readers("postmaster") == ("ann@example.org",)
        assert await readers("Postmaster@other.example") == ("ann@example.org",)
        asked = MaySend(ann.grant, ("postmaster@other.example", "postmaster@example.org"))
        assert (await storage.ask("smtp", directory.may_send, asked)).allowed == (False, False)
        await storage.ask("admin", directory.account_set, AccountSet("ann@example.org", enabled=False))
        assert await readers("postmaster") == ("bob@example.org",)
        await storage.ask("admin", directory.alias_add, Alias("postmaster@example.org", ("bob@example.org",)))
        await storage.ask("admin", directory.account_set, AccountSet("ann@example.org", enabled=True))
        assert await readers("postmaster@other.example") == ("bob@example.org",)


async def test_the_settings_may_name_the_postmaster(tmp_path: Path) -> None:
    async with running_storage(tmp_path, settings=replace(SETTINGS, postmaster="Ops@far.example")) as storage:
        await storage.add_accounts("ann@example.org")
        reply = await storage.ask("smtp", directory.resolve, Resolve(("postmaster",)))
        assert [(each.address, each.forwards) for each in reply.resolutions] == [
            ("postmaster@example.org", ("ops@far.example",))
        ]
    with pytest.raises(ValueError, match="postmaster: nobody"):
        replace(SETTINGS, postmaster="nobody")
