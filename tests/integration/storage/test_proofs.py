"""Logins without the password being said: SCRAM, APOP, tokens and certificates, against a whole storage."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import md5
from pathlib import Path
from time import perf_counter, time
from typing import Any

import pytest
import trio
import trustme

from services.storage.config import Login as LoginLimits
from shared.contracts import directory
from shared.contracts.directory import AccountSet, LoggedIn, Login, Proved, ScramParameters
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op
from shared.protocols.sasl.mechanism import Parameters, Proof
from shared.protocols.sasl.scram import ScramSha256
from shared.runtime.settings import Common, LoginSettings, OauthSettings, TlsSettings
from tests.support.running_storage import PASSWORD, SETTINGS, RunningStorage, running_storage
from tests.support.scram import ScramClient
from tests.unit.services.storage.rules.test_tokens import POLICY, key_set, token

BOB = "bob@example.org"
FAST = Common(login=LoginSettings(scram_iterations=4096))


async def add(storage: RunningStorage, address: str = BOB) -> None:
    """An account made from a password in clear."""
    await storage.ask("admin", directory.domain_add, directory.DomainSet("example.org"))
    made = await storage.ask(
        "admin", directory.account_add, directory.AccountsNew((directory.AccountNew(address, PASSWORD),))
    )
    assert not made.results[0].error


async def ask_parameters(storage: RunningStorage, username: str, session: str = "s") -> ScramParameters:
    request = directory.ScramRequest("SCRAM-SHA-256", username, session)
    return await storage.ask("imap", directory.scram, request)


async def proof(storage: RunningStorage, client: ScramClient, username: str, session: str = "s") -> directory.Prove:
    """What the front hands over at the end of an exchange."""
    server = ScramSha256({})
    server.start(client.first)
    first = server.told(Parameters(*await ask_parameters(storage, username, session)))
    evidence = server.respond(client.final(first.data))
    assert isinstance(evidence, Proof)
    authzid, _, message, nonce, shown = evidence
    return directory.Prove("SCRAM-SHA-256", username, authzid, message, nonce, shown, "192.0.2.7", session)


async def prove(storage: RunningStorage, username: str, password: str) -> Proved:
    request = await proof(storage, ScramClient(username, password), username)
    return await storage.ask("imap", directory.prove, request)


async def refused(storage: RunningStorage, request: directory.Prove | Login) -> Code:
    op: Op[Any, Any] = directory.login if isinstance(request, Login) else directory.prove
    with pytest.raises(Refused) as caught:
        await storage.ask("imap", op, request)
    return caught.value.code


async def test_scram(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await add(storage)
        client = ScramClient(BOB, PASSWORD)
        reply = await storage.ask("imap", directory.prove, await proof(storage, client, BOB))
        assert reply.signature == client.signature
        assert reply.login.address == BOB
        with pytest.raises(Refused):
            await prove(storage, BOB, "wrong")
        await storage.ask("admin", directory.account_set, AccountSet(BOB, enabled=False))
        with pytest.raises(Refused):
            await prove(storage, BOB, PASSWORD)
        await storage.ask("admin", directory.account_set, AccountSet(BOB, secret="new", enabled=True))
        with pytest.raises(Refused):
            await prove(storage, BOB, PASSWORD)
        assert (await prove(storage, BOB, "new")).login.account == reply.login.account


async def test_imported_accounts_get_verifiers_with_their_first_login(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await storage.add_accounts(BOB)
        with pytest.raises(Refused):
            await prove(storage, BOB, PASSWORD)
        nobodys = (await ask_parameters(storage, BOB)).salt
        await storage.login(BOB)
        with trio.fail_after(10):
            while (await ask_parameters(storage, BOB)).salt == nobodys:
                pass  # they are made behind the login
        assert (await prove(storage, BOB, PASSWORD)).login.address == BOB


async def test_no_login_waits_for_verifiers(tmp_path: Path) -> None:
    slow = Common(login=LoginSettings(scram_iterations=1_000_000))
    async with running_storage(tmp_path, common=slow) as storage:
        names = [f"user{number}@example.org" for number in range(5)]
        await storage.add_accounts(*names)
        before = [(await ask_parameters(storage, name)).salt for name in names]
        for name in names:
            await storage.login(name)
        after = [(await ask_parameters(storage, name)).salt for name in names]
        assert after[-1] == before[-1]  # it takes half a second for each


async def test_case_24_unknown_users_have_salts_that_stay(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await add(storage)
        known, unknown = await ask_parameters(storage, BOB), await ask_parameters(storage, "eve@example.org")
        assert (len(known.salt), known.iterations) == (len(unknown.salt), unknown.iterations)
        assert len(known.nonce) == len(unknown.nonce)
        again = await ask_parameters(storage, "Eve@EXAMPLE.org")
        assert again.salt == unknown.salt
        assert again.nonce != unknown.nonce
        assert await refused(storage, await proof(storage, ScramClient(BOB, "x"), BOB)) is Code.LOGIN_FAILED
        nobody = await proof(storage, ScramClient("eve@example.org", PASSWORD), "eve@example.org")
        assert await refused(storage, nobody) is Code.LOGIN_FAILED


async def test_case_24_unknown_and_known_names_take_the_same_time(tmp_path: Path) -> None:
    settings = replace(SETTINGS, login=LoginLimits(delays=("0",), trusted=("0.0.0.0/0",)))
    async with running_storage(tmp_path, settings, common=FAST) as storage:
        await add(storage)
        times: dict[str, list[float]] = {BOB: [], "eve@example.org": []}
        for _ in range(60):
            for name, taken in times.items():
                request = await proof(storage, ScramClient(name, "x"), name)
                began = perf_counter()
                await refused(storage, request)
                taken.append(perf_counter() - began)
        known, unknown = (sorted(taken)[len(taken) // 4] for taken in times.values())  # others use this machine, too
        assert abs(known - unknown) < 0.5 * max(known, unknown)  # 0.4 ms each; to hash a password takes 60 times that


async def test_case_29_a_proof_counts_in_its_own_session_only(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await add(storage)
        overheard = await proof(storage, ScramClient(BOB, PASSWORD), BOB)
        assert await refused(storage, overheard._replace(session="another")) is Code.LOGIN_FAILED
        fresh = await ask_parameters(storage, BOB, "another")
        replayed = overheard._replace(session="another", nonce=fresh.nonce)
        assert await refused(storage, replayed) is Code.LOGIN_FAILED
        assert await refused(storage, overheard._replace(nonce="")) is Code.LOGIN_FAILED
        assert await refused(storage, overheard._replace(mechanism="SCRAM-MD5")) is Code.LOGIN_FAILED
        assert await refused(storage, overheard._replace(authzid="eve@example.org")) is Code.LOGIN_FAILED


async def test_failed_proofs_count_like_failed_passwords(tmp_path: Path) -> None:
    settings = replace(SETTINGS, login=LoginLimits(delays=("0",), failures_per_user=3))
    async with running_storage(tmp_path, settings, common=FAST) as storage:
        await add(storage)
        for _ in range(3):
            assert await refused(storage, await proof(storage, ScramClient(BOB, "x"), BOB)) is Code.LOGIN_FAILED
        assert await refused(storage, await proof(storage, ScramClient(BOB, PASSWORD), BOB)) is Code.THROTTLED


def digest(password: str, greeting: bytes = b"<1.2@mx>") -> directory.Prove:
    made = md5(greeting + password.encode(), usedforsecurity=False).hexdigest().encode()
    return directory.Prove("APOP", BOB, "", greeting, "", made, "192.0.2.7", "s")


async def test_apop_for_accounts_that_ask_for_it(tmp_path: Path) -> None:
    key = tmp_path / "apop.key"
    key.write_bytes(bytes(range(32)))
    settings = replace(SETTINGS, login=LoginLimits(delays=("0",), apop_key=key))
    async with running_storage(tmp_path / "data", settings, common=FAST) as storage:
        await add(storage)
        assert await refused(storage, digest(PASSWORD)) is Code.LOGIN_FAILED
        with pytest.raises(Refused):
            await storage.ask("admin", directory.account_set, AccountSet(BOB, apop=True))
        await storage.ask("admin", directory.account_set, AccountSet(BOB, secret="one", apop=True))
        assert (await storage.ask("pop3", directory.prove, digest("one"))).login.address == BOB
        assert await refused(storage, digest("two")) is Code.LOGIN_FAILED
        await storage.ask("admin", directory.account_set, AccountSet(BOB, secret="two"))
        assert (await storage.ask("pop3", directory.prove, digest("two"))).login.address == BOB
        await storage.ask("admin", directory.account_set, AccountSet(BOB, apop=False))
        assert await refused(storage, digest("two")) is Code.LOGIN_FAILED


async def test_no_apop_without_its_key(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await add(storage)
        with pytest.raises(Refused) as caught:
            await storage.ask("admin", directory.account_set, AccountSet(BOB, secret="one", apop=True))
        assert caught.value.code is Code.CANNOT
        assert await refused(storage, digest("one")) is Code.LOGIN_FAILED


def bearer(text: str, username: str = BOB, mechanism: str = "OAUTHBEARER") -> Login:
    return Login(mechanism, username, text, "", "192.0.2.7", "s")


async def test_tokens(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(key_set())
    oauth = OauthSettings(str(keys), POLICY.issuer, POLICY.audience)
    common = Common(login=LoginSettings(("PLAIN", "OAUTHBEARER", "XOAUTH2"), oauth=oauth))
    later = time() + 300
    async with running_storage(tmp_path / "data", common=common) as storage:
        await storage.add_accounts(BOB, "ann@example.org")
        good = token(exp=later)
        for mechanism in ("OAUTHBEARER", "XOAUTH2"):
            reply: LoggedIn = await storage.ask("imap", directory.login, bearer(good, mechanism=mechanism))
            assert reply.address == BOB
        reply = await storage.ask("imap", directory.login, bearer(good, username=""))
        assert reply.address == BOB
        for wrong in (
            bearer(good, "ann@example.org"),
            bearer(token(exp=later, email="eve@example.org"), ""),
            bearer(token(exp=time() - 3600)),
            bearer(token(exp=later, aud="other")),
            bearer("x" * 20_000),
            bearer(good, mechanism="EXTERNAL"),
            bearer(good, mechanism="PLAIN"),
        ):
            assert await refused(storage, wrong) is Code.LOGIN_FAILED


async def test_a_token_counts_for_nothing_where_none_are_believed(tmp_path: Path) -> None:
    async with running_storage(tmp_path, common=FAST) as storage:
        await storage.add_accounts(BOB)
        assert await refused(storage, bearer(token(exp=time() + 300))) is Code.LOGIN_FAILED


async def test_certificates(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    common = Common(tls=TlsSettings(client_authority=tmp_path / "ca.pem"), login=LoginSettings(("PLAIN", "EXTERNAL")))

    def shown(by: trustme.CA, identity: str, username: str = "") -> Login:
        pem = by.issue_cert(identity).cert_chain_pems[0].bytes().decode()
        body = "".join(line for line in pem.splitlines() if not line.startswith("-"))
        return Login("EXTERNAL", username, body, "", "192.0.2.7", "s")

    async with running_storage(tmp_path / "data", common=common) as storage:
        await storage.add_accounts(BOB)
        for username in ("", BOB):
            reply = await storage.ask("imap", directory.login, shown(authority, BOB, username))
            assert reply.address == BOB
        for wrong in (
            shown(stranger, BOB),
            shown(authority, "eve@example.org"),
            shown(authority, "eve@example.org", BOB),
            shown(authority, "mail.example.org", BOB),
            Login("EXTERNAL", BOB, b64encode(b"no certificate").decode(), "", "192.0.2.7", "s"),
            Login("EXTERNAL", BOB, "!", "", "192.0.2.7", "s"),
        ):
            assert await refused(storage, wrong) is Code.LOGIN_FAILED
