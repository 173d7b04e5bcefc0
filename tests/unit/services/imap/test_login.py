"""Before login: TLS, passwords, patience."""

from __future__ import annotations

import ssl
from base64 import b64encode

import pytest
import trio
import trustme

from shared.contracts.directory import AccountChanged, account_changed
from shared.contracts.errors import Code
from tests.support.storage import Store
from tests.unit.services.imap.stage import PASSWORD, Stage, stage_settings

PLAIN = b64encode(f"\0bob@example.org\0{PASSWORD}".encode())


@pytest.fixture
def tls() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("mail.example.org").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_authenticate_plain_in_both_forms(stage: Stage) -> None:
    one, two = await stage.connect(), await stage.connect()
    await one.response()
    await one.ok(b"AUTHENTICATE PLAIN " + PLAIN)
    await two.response()
    await two.send(b"a AUTHENTICATE PLAIN\r\n")
    assert await two.response() == b"+ "
    await two.send(PLAIN + b"\r\n")
    assert (await two.response()).startswith(b"a OK [CAPABILITY ")
    assert {login.mechanism for login in stage.desk.logins} == {"PLAIN"}


async def test_authenticate_refused(stage: Stage) -> None:
    client = await stage.connect()
    await client.response()
    await client.no("AUTHENTICATE GSSAPI", "CANNOT")
    assert (await client.ask("AUTHENTICATE PLAIN !!!"))[-1].startswith(b"BAD")
    assert (await client.ask(b"AUTHENTICATE PLAIN " + b64encode(b"nonsense")))[-1].startswith(b"BAD")
    await client.send(b"a AUTHENTICATE PLAIN\r\n")
    await client.response()
    await client.send(b"*\r\n")
    assert (await client.response()).startswith(b"a BAD")
    act_for_another = b64encode(f"eve\0bob@example.org\0{PASSWORD}".encode())
    await client.no(b"AUTHENTICATE PLAIN " + act_for_another, "AUTHORIZATIONFAILED")


async def test_three_failures_end_the_connection(stage: Stage) -> None:
    client = await stage.connect()
    await client.response()
    for _ in range(3):
        await client.no("LOGIN bob@example.org wrong", "AUTHENTICATIONFAILED")
    assert (await client.response()).startswith(b"* BYE")
    assert await client.response() == b""


async def test_no_password_without_tls_from_afar(stage: Stage) -> None:
    client = await stage.connect(host="192.0.2.7")
    greeting = await client.response()
    assert b"LOGINDISABLED" in greeting
    assert b"AUTH=" not in greeting
    await client.no(f'LOGIN bob@example.org "{PASSWORD}"', "PRIVACYREQUIRED")
    await client.no(b"AUTHENTICATE PLAIN " + PLAIN, "PRIVACYREQUIRED")
    assert not stage.desk.logins


async def test_nothing_before_starttls_survives_it(
    nursery: trio.Nursery, store: Store, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    stage = Stage(nursery, store, stage_settings(), tls[0])
    client = await stage.connect(host="192.0.2.7")
    assert b"STARTTLS" in await client.response()
    await client.ok('ID ("name" "injected")')
    await client.send(b"s STARTTLS\r\nx CAPABILITY\r\n")
    assert (await client.response()).startswith(b"s OK")
    client.stream = trio.SSLStream(client.stream, tls[1], server_hostname="mail.example.org")
    found = await client.ask("CAPABILITY")
    assert not any(line.startswith(b"x ") for line in found)
    assert b"AUTH=PLAIN" in found[0]
    assert b"STARTTLS" not in found[0]
    assert (await client.ask("STARTTLS"))[-1].startswith(b"BAD")
    await client.ok(f'LOGIN bob@example.org "{PASSWORD}"')


async def test_patience_with_strangers_ends(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.connect()
    await client.response()
    started = trio.current_time()
    await trio.sleep(30)
    await client.ok("NOOP")
    await trio.sleep(40)
    assert (await client.response()).startswith(b"* BYE")
    assert trio.current_time() - started < 75


async def test_ten_unreadable_commands_are_enough(stage: Stage) -> None:
    client = await stage.connect()
    await client.response()
    for _ in range(10):
        assert (await client.ask("FROBNICATE"))[-1].startswith(b"BAD")
    assert (await client.response()).startswith(b"* BYE")


async def test_case_50_too_many_sessions_of_one_account(nursery: trio.Nursery, store: Store) -> None:
    stage = Stage(nursery, store, stage_settings(sessions_per_account=2), None)
    first, _ = await stage.logged_in(), await stage.logged_in()
    third = await stage.connect()
    await third.response()
    await third.no(f'LOGIN bob@example.org "{PASSWORD}"', "LIMIT")
    await first.ok("LOGOUT")
    await third.ok(f'LOGIN bob@example.org "{PASSWORD}"')


async def test_storage_away_at_login(stage: Stage, autojump_clock: trio.testing.MockClock) -> None:
    client = await stage.connect()
    await client.response()
    stage.broker.sever(stage.desk.bus)
    await client.send(f'a LOGIN bob@example.org "{PASSWORD}"\r\n'.encode())
    await trio.sleep(30)
    assert (await client.response()).startswith(b"a NO [UNAVAILABLE]")


async def test_a_changed_account_ends_its_sessions(stage: Stage) -> None:
    stage.desk.ended.add(stage.store.bob)
    kept, gone = await stage.logged_in(str(stage.store.add_account("eve@example.org"))), await stage.logged_in()
    stage.desk.bus.publish(account_changed, AccountChanged(stage.store.bob, "bob@example.org"))
    assert (await gone.response()).startswith(b"* BYE")
    await kept.ok("NOOP")


async def test_a_grant_is_renewed_while_it_may_be(stage: Stage) -> None:
    client = await stage.selected()
    stage.desk.bus.publish(account_changed, AccountChanged(stage.store.bob, "bob@example.org"))
    await client.ok("NOOP")
    stage.desk.refuse["mailboxes.list"] = Code.GRANT_EXPIRED
    await client.send(b'a LIST "" *\r\n')
    assert (await client.response()).startswith(b"* BYE Please log in again")
