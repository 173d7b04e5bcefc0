"""Storage judges by itself who may do what in a mailbox, whatever a front believes (RFC 4314)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.storage.rules.packed import pack_u32
from services.storage.tables.schema import account, acl, domain
from shared.contracts import acl as acl_ops
from shared.contracts import mailboxes, messages, search
from shared.contracts.acl import AclRequest, Entry, GrantableRequest, MyRights
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import (
    Create,
    ListRequest,
    Named,
    Open,
    PageRequest,
    Rename,
    StatusRequest,
    SyncRequest,
)
from shared.contracts.messages import Append, BodiesRequest, Copy, Expunge, Mode, RowsRequest
from shared.contracts.messages import Store as StoreRequest
from shared.contracts.op import Op
from shared.contracts.search import Field, Leaf, Search
from tests.support.storage import GRANT, Store, new

NAME = "#user/bob/INBOX"
ONE = pack_u32([1])
Ask = Callable[[Store, int], tuple[Op[Any, Any], Any]]


@pytest.fixture
def ann(store: Store) -> int:
    store.append(new())
    return store.add_account("ann@example.org")


def code_of(store: Store, op: Op[Any, Any], request: Any, asker: int) -> Code | None:
    """Why it was refused, None when it was not."""
    try:
        store.call(op, request, account=asker)
    except Refused as refused:
        return refused.code
    return None


BY_ID: dict[str, tuple[str, Ask]] = {
    "page": ("r", lambda store, box: (mailboxes.page, PageRequest(GRANT, box, 0, 10))),
    "sync": ("r", lambda store, box: (mailboxes.sync, SyncRequest(GRANT, box, 1))),
    "rows": ("r", lambda store, box: (messages.rows, RowsRequest(GRANT, box, ONE, 1))),
    "bodies": ("r", lambda store, box: (messages.bodies, BodiesRequest(GRANT, box, ONE))),
    "search": ("r", lambda store, box: (search.search, Search(GRANT, box, ONE, (Leaf(Field.TEXT, "", "x"),)))),
    "copy": ("r", lambda store, box: (messages.copy, Copy(GRANT, store.key(), box, ONE, "INBOX"))),
    "move": ("rte", lambda store, box: (messages.copy, Copy(GRANT, store.key(), box, ONE, "INBOX", move=True))),
    "expunge": ("e", lambda store, box: (messages.expunge, Expunge(GRANT, store.key(), box))),
    "seen": ("rs", lambda store, box: (messages.store, _flag(store, box, "\\Seen"))),
    "deleted": ("rt", lambda store, box: (messages.store, _flag(store, box, "\\Deleted"))),
    "keyword": ("rw", lambda store, box: (messages.store, _flag(store, box, "Work"))),
}
BY_NAME: dict[str, tuple[str, Ask]] = {
    "open": ("r", lambda store, box: (mailboxes.open, Open(GRANT, NAME, True))),
    "append": ("i", lambda store, box: (messages.append, Append(GRANT, store.key(), NAME, (new(),)))),
    "create": ("k", lambda store, box: (mailboxes.create, Create(GRANT, store.key(), f"{NAME}/sub"))),
    "list of rights": ("a", lambda store, box: (acl_ops.get, AclRequest(GRANT, NAME))),
    "what can be given": ("a", lambda store, box: (acl_ops.grantable, GrantableRequest(GRANT, NAME, "anyone"))),
}


def _flag(store: Store, box: int, flag: str) -> StoreRequest:
    return StoreRequest(GRANT, store.key(), box, ONE, Mode.ADD, (flag,))


@pytest.mark.parametrize("what", BY_ID)
def test_what_is_done_by_id_needs_its_rights(store: Store, ann: int, what: str) -> None:
    needed, ask = BY_ID[what]
    box = store.call(mailboxes.open, Open(GRANT, "INBOX", False)).mailbox
    assert code_of(store, *ask(store, box), ann) is Code.NO_RIGHT
    for right in needed:
        others = "".join(set(acl_ops.RIGHTS) - {right})
        store.share("INBOX", "ann", others)
        assert code_of(store, *ask(store, box), ann) is Code.NO_RIGHT, right
    store.share("INBOX", "ann", needed)
    assert code_of(store, *ask(store, box), ann) is None


@pytest.mark.parametrize("what", BY_NAME)
def test_what_is_done_by_name_needs_its_right_and_hides_what_may_not_be_looked_up(
    store: Store, ann: int, what: str
) -> None:
    needed, ask = BY_NAME[what]
    assert code_of(store, *ask(store, 0), ann) is Code.NOT_FOUND
    store.share("INBOX", "ann", "s")
    assert code_of(store, *ask(store, 0), ann) is Code.NOT_FOUND
    store.share("INBOX", "ann", "".join(set(acl_ops.RIGHTS) - set(needed)))
    assert code_of(store, *ask(store, 0), ann) is Code.NO_RIGHT
    store.share("INBOX", "ann", needed)
    assert code_of(store, *ask(store, 0), ann) is None


def test_deleting_and_renaming_need_x(store: Store, ann: int) -> None:
    store.call(mailboxes.create, Create(GRANT, store.key(), "box"))
    store.share("box", "ann", "lrk")
    away = Rename(GRANT, store.key(), "#user/bob/box", "#user/bob/box2")
    gone = Named(GRANT, store.key(), "#user/bob/box")
    assert code_of(store, mailboxes.rename, away, ann) is Code.NO_RIGHT
    assert code_of(store, mailboxes.delete, gone, ann) is Code.NO_RIGHT
    store.share("box", "ann", "lrx")
    assert code_of(store, mailboxes.rename, away, ann) is Code.NOT_FOUND  # "k" is wanted where it would go
    store.share("INBOX", "ann", "lk")
    assert code_of(store, mailboxes.rename, away, ann) is None
    assert code_of(store, mailboxes.delete, gone._replace(name="#user/bob/box2"), ann) is None
    store.share("INBOX", "ann", acl_ops.RIGHTS)
    assert code_of(store, mailboxes.delete, gone._replace(name=NAME), ann) is Code.CANNOT


def test_status_tells_of_what_may_be_read(store: Store, ann: int) -> None:
    def state() -> Any:
        return store.call(mailboxes.status, StatusRequest(GRANT, (NAME,)), account=ann).states[0]

    assert (state().found, state().denied) == (False, False)
    store.share("INBOX", "ann", "l")
    assert (state().found, state().denied) == (False, True)
    store.share("INBOX", "ann", "lr")
    assert (state().found, state().messages) == (True, 1)


def test_anyone_is_everybody_in_the_owners_domain(store: Store, ann: int) -> None:
    store.change(insert(domain).values(id=2, name="example.net"))
    eve = store.add_account("eve@example.net")
    store.change(account.update().where(account.c.id == eve).values(domain_id=2))
    store.share("INBOX", "anyone", "lr")
    store.share("INBOX", "-ann", "r")
    assert code_of(store, acl_ops.my_rights, MyRights(GRANT, "#user/bob@example.org/INBOX"), eve) is Code.NOT_FOUND
    assert store.call(acl_ops.my_rights, MyRights(GRANT, NAME), account=ann).rights == "l"
    store.share("INBOX", "eve@example.net", "l")
    names = {each.name for each in store.call(mailboxes.listing, ListRequest(GRANT), account=eve).mailboxes}
    assert "#user/bob@example.org/INBOX" in names
    assert store.call(acl_ops.get, AclRequest(GRANT, "INBOX")).entries == (
        Entry("bob", acl_ops.RIGHTS),
        Entry("anyone", "lr"),
        Entry("-ann", "r"),
        Entry("eve@example.net", "l"),
    )


def test_the_account_shared_has_a_namespace_of_its_own(store: Store, ann: int) -> None:
    shared = store.add_account("shared@example.org")
    store.call(mailboxes.create, Create(GRANT, store.key(), "news"), account=shared)
    store.share("news", "anyone", "lri", owner=shared)
    store.append(new(), mailbox="#shared/news", account=ann)
    listed = store.call(mailboxes.listing, ListRequest(GRANT), account=ann).mailboxes
    assert [(each.name, each.rights) for each in listed if each.id and each.name.startswith("#shared")] == [
        ("#shared/news", "lri")
    ]
    assert code_of(store, mailboxes.create, Create(GRANT, store.key(), "#shared/mine"), ann) is Code.NOT_FOUND


def test_a_change_of_rights_is_told_with_a_modseq_of_its_own(store: Store, ann: int) -> None:
    before = store.call(mailboxes.open, Open(GRANT, "INBOX", False)).modseq
    store.announcements.clear()
    store.share("INBOX", "ann", "lr")
    changes = [each.payload for each in store.announcements if each.event is mailbox_changed]
    assert [(change.previous, change.modseq, change.rights) for change in changes] == [(before, before + 1, True)]
    store.announcements.clear()
    store.share("INBOX", "ann", "rl")  # as it was
    assert not store.announcements


def test_entries_go_with_their_mailbox(store: Store, ann: int) -> None:
    store.call(mailboxes.create, Create(GRANT, store.key(), "box"))
    store.share("box", "ann", "lr")
    store.call(mailboxes.delete, Named(GRANT, store.key(), "box"))
    assert store.query(select(acl.c.mailbox_id)) == []


def test_a_copy_into_somebody_elses_mailbox_counts_against_its_owner(store: Store, ann: int) -> None:
    store.change(account.update().where(account.c.id == store.bob).values(quota=1))
    store.share("INBOX", "ann", "lri")
    assert code_of(store, messages.append, Append(GRANT, store.key(), NAME, (new(),)), ann) is Code.OVER_QUOTA


def test_seen_is_marked_for_those_who_may(store: Store, ann: int) -> None:
    box = store.call(mailboxes.open, Open(GRANT, "INBOX", False)).mailbox
    store.share("INBOX", "ann", "lr")
    reading = BodiesRequest(GRANT, box, ONE, seen=True)
    assert store.call(messages.bodies, reading, account=ann).change is None
    store.share("INBOX", "ann", "lrs")
    assert isinstance(store.call(messages.bodies, reading, account=ann).change, Change)
