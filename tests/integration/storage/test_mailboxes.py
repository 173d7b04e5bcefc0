from __future__ import annotations

from typing import Any

import pytest

from services.storage.repositories import expunges
from services.storage.rules.packed import unpack_uids
from shared.contracts import mailboxes as ops
from shared.contracts import messages
from shared.contracts.changes import list_changed, mailbox_changed
from shared.contracts.codec import encode
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import (
    Create,
    ListRequest,
    Mailbox,
    Named,
    Open,
    Opened,
    PageRequest,
    Rename,
    StatusRequest,
    Subscribe,
    SyncRequest,
)
from tests.support.storage import GRANT, Store, new


def create(store: Store, name: str, use: str = "") -> Any:
    return store.call(ops.create, Create(GRANT, store.key(), name, use))


def delete(store: Store, name: str) -> None:
    store.call(ops.delete, Named(GRANT, store.key(), name))


def rename(store: Store, name: str, to: str) -> None:
    store.call(ops.rename, Rename(GRANT, store.key(), name, to))


def listed(store: Store) -> dict[str, Mailbox]:
    mailboxes = store.call(ops.listing, ListRequest(GRANT)).mailboxes
    assert [each.name for each in mailboxes] == sorted(each.name for each in mailboxes)
    return {each.name: each for each in mailboxes}


def opened(store: Store, name: str, *, writable: bool = False) -> Opened:
    answer = store.call(ops.open, Open(GRANT, name, writable))
    assert isinstance(answer, Opened)
    return answer


def refusal(caught: pytest.ExceptionInfo[Refused]) -> Code:
    return caught.value.code


def test_a_new_account_has_the_usual_folders(store: Store) -> None:
    found = listed(store)
    assert list(found) == ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]
    assert all(each.subscribed and each.selectable for each in found.values())
    assert found["Sent"].special_use == "\\Sent"
    assert opened(store, "inBOX").mailbox == found["INBOX"].id


def test_create_makes_parents_and_tells(store: Store) -> None:
    made = create(store, "a/b/c/")
    found = listed(store)
    assert found["a/b/c"].id == made.mailbox
    assert found["a"].selectable
    assert found["a/b"].selectable
    assert not found["a/b/c"].subscribed
    assert [each.event for each in store.announcements] == [list_changed]
    assert store.announcements[0].key == store.bob


@pytest.mark.parametrize(
    ("name", "use", "code"),
    [
        ("inbox", "", Code.ALREADY_EXISTS),
        ("Sent", "", Code.ALREADY_EXISTS),
        ("../x", "", Code.CANNOT),
        ("", "", Code.CANNOT),
        ("x", "\\All", Code.CANNOT),
    ],
)
def test_create_refuses(store: Store, name: str, use: str, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        create(store, name, use)
    assert refusal(caught) is code


def test_a_name_that_comes_back_has_a_greater_uidvalidity(store: Store) -> None:
    before = create(store, "again")
    delete(store, "again")
    after = create(store, "again")
    assert after.uidvalidity > before.uidvalidity
    assert after.mailbox > before.mailbox
    store.now += 1_000_000
    delete(store, "again")
    assert create(store, "again").uidvalidity == int(store.now)


def test_delete_removes_messages_and_gives_up_their_content(store: Store) -> None:
    made = create(store, "x")
    store.append(new(), new(), mailbox="x")
    kept = store.append(new())
    delete(store, "x")
    assert store.uses() == {1: 1}
    with pytest.raises(Refused) as caught:
        opened(store, "x")
    assert refusal(caught) is Code.NOT_FOUND
    (told,) = [each for each in store.announcements if each.event is mailbox_changed and each.payload.deleted]
    assert told.key == made.mailbox
    with pytest.raises(Refused) as caught:
        store.call(ops.sync, SyncRequest(GRANT, made.mailbox, 1))
    assert refusal(caught) is Code.NOT_FOUND
    assert len(kept.uids) == 4


def test_a_parent_that_is_deleted_lives_on_as_a_name(store: Store) -> None:
    create(store, "foo/bar")
    delete(store, "foo")
    assert listed(store)["foo"] == Mailbox(0, "foo", 0, "", False, selectable=False)
    with pytest.raises(Refused) as caught:
        delete(store, "foo")
    assert refusal(caught) is Code.CANNOT
    delete(store, "foo/bar")
    assert "foo" not in listed(store)
    with pytest.raises(Refused) as caught:
        delete(store, "foo")
    assert refusal(caught) is Code.NOT_FOUND
    with pytest.raises(Refused) as caught:
        delete(store, "Inbox")
    assert refusal(caught) is Code.CANNOT


def test_rename_takes_children_along_and_keeps_identities(store: Store) -> None:
    create(store, "foo/bar/baz")
    before = listed(store)
    rename(store, "foo", "x/y")
    after = listed(store)
    assert "foo" not in after
    for old, new_name in (("foo", "x/y"), ("foo/bar", "x/y/bar"), ("foo/bar/baz", "x/y/bar/baz")):
        assert (after[new_name].id, after[new_name].uidvalidity) == (before[old].id, before[old].uidvalidity)
    assert after["x"].selectable


def test_rename_of_a_mere_parent(store: Store) -> None:
    create(store, "foo/bar")
    delete(store, "foo")
    rename(store, "foo", "zap")
    assert not listed(store)["zap"].selectable
    assert listed(store)["zap/bar"].selectable
    rename(store, "zap/bar", "zap/bar2")
    rename(store, "zap/bar2", "zap")
    assert listed(store)["zap"].selectable


@pytest.mark.parametrize(
    ("name", "to", "code"),
    [
        ("missing", "new", Code.NOT_FOUND),
        ("Sent", "Trash", Code.ALREADY_EXISTS),
        ("Sent", "inbox", Code.ALREADY_EXISTS),
        ("Sent", "Sent", Code.ALREADY_EXISTS),
        ("Sent", "Sent/below", Code.CANNOT),
        ("Sent", "a//b", Code.CANNOT),
        ("top", "Taken", Code.ALREADY_EXISTS),
    ],
)
def test_rename_refuses(store: Store, name: str, to: str, code: Code) -> None:
    create(store, "top/child")
    create(store, "Taken/child")
    delete(store, "Taken")
    before = listed(store)
    with pytest.raises(Refused) as caught:
        rename(store, name, to)
    assert refusal(caught) is code
    assert listed(store) == before


def test_renaming_inbox_takes_its_identity_along_and_leaves_an_empty_one(store: Store) -> None:
    create(store, "INBOX/child")
    store.append(new(flags=["\\Seen"]), new())
    inbox = opened(store, "INBOX")
    store.announcements.clear()
    rename(store, "INBOX", "old/mail")
    moved, fresh = opened(store, "old/mail"), opened(store, "INBOX")
    assert (moved.mailbox, moved.uidvalidity, moved.messages) == (inbox.mailbox, inbox.uidvalidity, 2)
    assert (fresh.messages, fresh.uidnext) == (0, 1)
    assert fresh.uidvalidity > inbox.uidvalidity
    told = [each.payload for each in store.announcements if each.event is mailbox_changed]
    assert [(change.mailbox, change.deleted) for change in told] == [(inbox.mailbox, True)]
    (state,) = store.call(ops.status, StatusRequest(GRANT, ("old/mail",))).states
    assert (state.messages, state.unseen, state.uidnext) == (2, 1, 3)
    assert {"INBOX/child", "old", "old/mail"} <= set(listed(store))


def test_subscriptions_belong_to_names(store: Store) -> None:
    def subscribe(name: str, subscribed: bool) -> None:
        store.call(ops.subscribe, Subscribe(GRANT, name, subscribed))

    subscribe("nowhere/yet", True)
    subscribe("nowhere/yet", True)
    subscribe("Sent", False)
    found = listed(store)
    assert found["nowhere/yet"] == Mailbox(0, "nowhere/yet", 0, "", subscribed=True, selectable=False)
    assert not found["Sent"].subscribed
    assert len(store.announcements) == 2
    rename(store, "Trash", "Bin")
    assert not listed(store)["Bin"].subscribed
    assert listed(store)["Trash"].subscribed
    with pytest.raises(Refused) as caught:
        subscribe("a//b", True)
    assert refusal(caught) is Code.CANNOT


def test_a_subscription_is_to_the_name_that_is_listed(store: Store) -> None:
    store.add_account("ann@example.org")
    for name in ("#user/ann@example.org/box", "#user/Ann/box", "#user/nobody@elsewhere.example/box"):
        store.call(ops.subscribe, Subscribe(GRANT, name, True))
    subscribed = {name for name, mailbox in listed(store).items() if mailbox.subscribed and name.startswith("#")}
    assert subscribed == {"#user/ann/box", "#user/nobody@elsewhere.example/box"}
    store.call(ops.subscribe, Subscribe(GRANT, "#user/ann@example.org/box", False))
    assert not listed(store).keys() & {"#user/ann/box", "#user/ann@example.org/box"}


def test_recent_messages_belong_to_the_first_who_selects(store: Store) -> None:
    store.append(new(), new())
    assert opened(store, "INBOX").recent_from == 1
    assert opened(store, "INBOX", writable=True).recent_from == 1
    assert opened(store, "INBOX", writable=True).recent_from == 3
    store.append(new())
    (state,) = store.call(ops.status, StatusRequest(GRANT, ("INBOX",))).states
    assert state.recent == 1
    assert opened(store, "INBOX").recent_from == 3


def test_status_counts_and_knows_what_is_missing(store: Store) -> None:
    store.append(new(flags=["\\Seen"]), new(flags=["\\Deleted"]), new())
    here, missing = store.call(ops.status, StatusRequest(GRANT, ("inbox", "nope"))).states
    assert (here.name, here.found) == ("inbox", True)
    assert (here.messages, here.unseen, here.deleted, here.uidnext) == (3, 2, 1, 4)
    assert here.octets == 3 * new().summary.size
    assert (missing.name, missing.found) == ("nope", False)


def test_pages_cover_a_mailbox(store: Store) -> None:
    store.append(*[new(flags=["$Mine"] if place % 2 else []) for place in range(7)])
    inbox = opened(store, "INBOX")
    first = store.call(ops.page, PageRequest(GRANT, inbox.mailbox, 0, 4))
    second = store.call(ops.page, PageRequest(GRANT, inbox.mailbox, 4, 4))
    assert (first.more, second.more) == (True, False)
    assert len(first.rows.uids + second.rows.uids) == 7 * 4
    assert {each.flags for each in first.flagsets} == {(), ("$Mine",)}
    assert (first.modseq, first.uidnext) == (inbox.modseq, 8)


def test_an_id_opens_nothing_without_the_right(store: Store) -> None:
    eve = store.add_account("eve@example.org")
    store.append(new())
    inbox = opened(store, "INBOX").mailbox
    requests: list[tuple[Any, Any]] = [
        (ops.page, PageRequest(GRANT, inbox, 0, 10)),
        (ops.sync, SyncRequest(GRANT, inbox, 1)),
        (messages.rows, messages.RowsRequest(GRANT, inbox, b"\1\0\0\0", 1)),
        (messages.bodies, messages.BodiesRequest(GRANT, inbox, b"\1\0\0\0")),
        (messages.bodies, messages.BodiesRequest(GRANT, inbox, b"\1\0\0\0", seen=True)),
        (messages.store, messages.Store(GRANT, "k", inbox, b"\1\0\0\0", messages.Mode.ADD, ("\\Seen",))),
        (messages.expunge, messages.Expunge(GRANT, "k", inbox)),
        (messages.copy, messages.Copy(GRANT, "k", inbox, b"\1\0\0\0", "INBOX")),
    ]
    for op, request in requests:
        with pytest.raises(Refused) as caught:
            store.call(op, request, account=eve)
        assert refusal(caught) is Code.NO_RIGHT, op.name


def test_sync_without_history_asks_to_reopen(store: Store) -> None:
    store.append(new())
    inbox = opened(store, "INBOX")
    same = store.call(ops.sync, SyncRequest(GRANT, inbox.mailbox, inbox.modseq))
    assert (same.complete, same.modseq, same.rows.uids) == (True, inbox.modseq, b"")
    future = store.call(ops.sync, SyncRequest(GRANT, inbox.mailbox, inbox.modseq + 1))
    assert not future.complete


def test_history_is_forgotten_after_a_month(store: Store) -> None:
    def expunge_one() -> int:
        store.append(new(flags=["\\Deleted"]))
        before = opened(store, "INBOX")
        store.call(messages.expunge, messages.Expunge(GRANT, store.key(), before.mailbox))
        return before.modseq

    inbox = opened(store, "INBOX").mailbox
    old = expunge_one()
    store.now += expunges.KEPT
    young = expunge_one()
    store.now += 1
    store.forget()
    assert not store.call(ops.sync, SyncRequest(GRANT, inbox, old)).complete
    assert unpack_uids(store.call(ops.sync, SyncRequest(GRANT, inbox, young)).vanished) == [2]


def test_pages_with_very_many_keywords_stay_small(store: Store) -> None:
    words = [f"{place:03}{'k' * 47}" for place in range(100)]
    store.append(*[new(flags=[*words[:99], f"own{place}"]) for place in range(120)])
    inbox = opened(store, "INBOX").mailbox
    after, found = 0, 0
    more = True
    while more:
        page = store.call(ops.page, PageRequest(GRANT, inbox, after, 1000))
        assert len(encode(page)) < 400_000
        uids = unpack_uids(page.rows.uids)
        found, after, more = found + len(uids), uids[-1], page.more
    assert found == 120
    assert not store.call(ops.sync, SyncRequest(GRANT, inbox, 1)).complete
    assert not store.announcements[-1].payload.complete
