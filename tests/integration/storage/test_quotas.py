"""Quotas of accounts and mailboxes, in octets and messages (RFC 9208)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.storage.rules.packed import pack_u32
from services.storage.rules.quota import root_name, root_of
from services.storage.tables.schema import account, mailbox
from shared.contracts import messages, quota
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Append, Copy, Deliver, Target
from shared.contracts.quota import Root, RootRequest, RootsRequest, SetRoot
from tests.support.storage import ADMINISTRATOR, GRANT, Store, letter_octets, new

SIZE = len(letter_octets())
BOB = "bob@example.org"


def set_root(store: Store, root: str, octets: int | None, count: int | None, *, asker: int) -> Root:
    answer = store.call(quota.set, SetRoot(GRANT, root, octets, count), account=asker)
    assert isinstance(answer, Root)
    return answer


def code_of(store: Store, root: str, *, asker: int) -> Code:
    with pytest.raises(Refused) as refused:
        set_root(store, root, None, 1, asker=asker)
    return refused.value.code


@pytest.fixture
def admin(store: Store) -> int:
    return store.add_account(ADMINISTRATOR)


def test_administrators_limit_accounts_and_others_do_not(store: Store, admin: int) -> None:
    eve = store.add_account("eve@example.org")
    assert code_of(store, BOB, asker=store.bob) is Code.NO_RIGHT
    assert code_of(store, BOB, asker=eve) is Code.NOT_FOUND
    assert set_root(store, BOB, SIZE, 5, asker=admin) == Root(BOB, 0, SIZE, 0, 5)
    store.append(new())
    assert store.call(quota.get, RootRequest(GRANT, BOB)) == Root(BOB, SIZE, SIZE, 1, 5)
    with pytest.raises(Refused, match="over-quota"):
        store.append(new(b"x"))
    set_root(store, BOB, None, 1, asker=admin)
    with pytest.raises(Refused, match="over-quota"):
        store.append(new(b"x"))
    assert set_root(store, BOB, None, None, asker=admin) == Root(BOB, SIZE, None, 1, None)
    store.append(new(b"x"))


def test_whoever_administers_a_mailbox_limits_it(store: Store) -> None:
    eve = store.add_account("eve@example.org")
    root = f"{BOB}/INBOX"
    store.share("INBOX", "eve", "lr")
    assert code_of(store, root, asker=eve) is Code.NO_RIGHT
    assert code_of(store, f"{BOB}/Sent", asker=eve) is Code.NOT_FOUND
    store.share("INBOX", "eve", "lra")
    set_root(store, root, None, 2, asker=eve)
    roots = store.call(quota.roots, RootsRequest(GRANT, "INBOX")).roots
    assert [each.name for each in roots] == [BOB, root]


def test_letters_are_held_off_by_either_limit(store: Store, admin: int) -> None:
    first, second, third = (store.accept(letter_octets(name)) for name in "abc")
    set_root(store, f"{BOB}/INBOX", None, 1, asker=store.bob)
    filings = [store.filing(name) for name in (first, second)]
    sent = store.filing(third, Target(store.bob, "Sent", b""))
    results = store.call(messages.deliver, Deliver((*filings, sent))).results
    assert [result.error for result in results] == ["", "over-quota", ""]
    set_root(store, f"{BOB}/INBOX", None, None, asker=store.bob)
    set_root(store, BOB, None, 2, asker=admin)
    assert store.call(messages.deliver, Deliver((filings[1],))).results[0].error == "over-quota"
    set_root(store, BOB, None, 3, asker=admin)
    assert store.call(messages.deliver, Deliver((filings[1],))).results[0].error == ""


def test_case_61_two_deliveries_into_the_last_place(store: Store, admin: int) -> None:
    set_root(store, BOB, None, 1, asker=admin)
    filings = tuple(store.filing(store.accept(letter_octets(name))) for name in "ab")
    answers = store.batch(messages.deliver, [Deliver((filing,)) for filing in filings])
    assert [answer.results[0].error for answer in answers] == ["", "over-quota"]


def test_moving_within_an_account_needs_room_in_the_mailbox_alone(store: Store, admin: int) -> None:
    store.append(new())
    inbox = store.query(select(mailbox.c.id).where(mailbox.c.account_id == store.bob, mailbox.c.name == "INBOX"))
    set_root(store, BOB, None, 1, asker=admin)
    move = Copy(GRANT, store.key(), inbox[0][0], pack_u32([1]), "Sent", move=True)
    with pytest.raises(Refused, match="over-quota"):
        store.call(messages.copy, move._replace(key=store.key(), move=False))
    set_root(store, f"{BOB}/Sent", None, 0, asker=store.bob)
    with pytest.raises(Refused, match="over-quota"):
        store.call(messages.copy, move)
    set_root(store, f"{BOB}/Sent", None, 1, asker=store.bob)
    store.call(messages.copy, move)


def test_nothing_at_all_is_a_limit_too(store: Store) -> None:
    assert set_root(store, f"{BOB}/INBOX", 0, None, asker=store.bob).octets_limit == 0
    with pytest.raises(Refused, match="over-quota"):
        store.call(messages.append, Append(GRANT, store.key(), "INBOX", (new(),)))
    assert store.query(select(account.c.quota).where(account.c.id == store.bob)) == [(0,)]


@pytest.mark.parametrize("pair", [(BOB, ""), (BOB, "INBOX"), ("a/b@example.org", "x/y@z")])
def test_roots_are_read_as_they_are_written(pair: tuple[str, str]) -> None:
    assert root_of(root_name(*pair)) == pair
