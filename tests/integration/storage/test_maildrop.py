from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import message
from shared.contracts import maildrop, messages
from shared.contracts.changes import mailbox_changed
from shared.contracts.errors import Code, Refused
from shared.contracts.maildrop import LEASE, Close, Hold, OpenRequest
from shared.contracts.messages import Expunge, New
from tests.support.storage import GRANT, Store, letter_octets, new


def take(store: Store, session: str = "one") -> Any:
    return store.call(maildrop.open, OpenRequest(GRANT, session))


def close(store: Store, *delete: int, session: str = "one") -> None:
    store.call(maildrop.close, Close(GRANT, session, 1, pack_u32(delete)))


def refused(store: Store, op: Any, request: Any) -> Code:
    with pytest.raises(Refused) as caught:
        store.call(op, request)
    return caught.value.code


def three() -> list[New]:
    return [new(letter_octets(f"n{place}")) for place in range(3)]


def test_the_lock_belongs_to_one_session_until_its_lease_ends(store: Store) -> None:
    items = three()
    store.append(*items)
    drop = take(store)
    assert unpack_uids(drop.uids) == [1, 2, 3]
    assert memoryview(drop.sizes).cast("I").tolist() == [item.summary.size for item in items]
    assert refused(store, maildrop.open, OpenRequest(GRANT, "two")) is Code.IN_USE
    assert refused(store, maildrop.hold, Hold(GRANT, "two", drop.mailbox)) is Code.IN_USE
    store.now += LEASE - 1
    store.call(maildrop.hold, Hold(GRANT, "one", drop.mailbox))
    store.now += LEASE - 1
    assert refused(store, maildrop.open, OpenRequest(GRANT, "two")) is Code.IN_USE
    store.now += 2
    take(store, "two")
    assert refused(store, maildrop.hold, Hold(GRANT, "one", drop.mailbox)) is Code.IN_USE


def test_close_removes_and_unlocks(store: Store) -> None:
    store.append(*three())
    take(store)
    close(store, 1, 3)
    assert unpack_uids(take(store, "two").uids) == [2]
    (change,) = [each.payload for each in store.announcements if each.event is mailbox_changed][1:]
    assert unpack_uids(change.vanished) == [1, 3]
    assert store.uses() == {1: 0, 2: 1, 3: 0}


def test_close_asked_twice_is_done_twice(store: Store) -> None:
    store.append(*three())
    take(store)
    close(store, 1)
    close(store, 1)
    close(store)


def test_a_lost_lock_deletes_nothing(store: Store) -> None:
    store.append(*three())
    take(store)
    store.now += LEASE + 1
    take(store, "two")
    assert refused(store, maildrop.close, Close(GRANT, "one", 1, pack_u32([1]))) is Code.STALE
    assert unpack_uids(take(store, "two").uids) == [1, 2, 3]


def test_what_imap_expunged_meanwhile_is_no_error(store: Store) -> None:
    store.append(new(flags=["\\Deleted"]), new())
    take(store)
    store.call(messages.expunge, Expunge(GRANT, store.key(), 1))
    close(store, 1, 2)
    assert unpack_uids(take(store).uids) == []


def test_other_accounts_have_other_maildrops(store: Store) -> None:
    eve = store.add_account("eve@example.org")
    take(store)
    with pytest.raises(Refused) as caught:
        store.call(maildrop.hold, Hold(GRANT, "one", 1), account=eve)
    assert caught.value.code is Code.NOT_FOUND
    assert store.call(maildrop.open, OpenRequest(GRANT, "one"), account=eve).mailbox != 1


def test_a_maildrop_of_a_hundred_thousand_opens_in_pages_within_a_second(store: Store) -> None:
    store.append(new())
    (row,) = store.query(select(message))
    copies = [{**row._mapping, "uid": uid, "size": uid} for uid in range(2, 100_001)]
    store.execute(insert(message), copies)
    began = perf_counter()
    pages = [take(store)]
    while pages[-1].more:
        after = unpack_uids(pages[-1].uids)[-1]
        pages.append(store.call(maildrop.open, OpenRequest(GRANT, "one", after)))
    taken = perf_counter() - began
    assert [uid for page in pages for uid in unpack_uids(page.uids)] == list(range(1, 100_001))
    assert all(len(page.uids) + len(page.sizes) < 500_000 for page in pages)
    assert taken < 1.0


def test_a_delay_between_logins_holds_whoever_asks(store: Store) -> None:
    drop = store.call(maildrop.open, OpenRequest(GRANT, "one", delay=60.0))
    store.call(maildrop.open, OpenRequest(GRANT, "one", delay=60.0))
    store.call(maildrop.close, Close(GRANT, "one", drop.mailbox))
    assert refused(store, maildrop.open, OpenRequest(GRANT, "two", delay=60.0)) is Code.LIMIT
    store.now += 59
    assert refused(store, maildrop.open, OpenRequest(GRANT, "two", delay=60.0)) is Code.LIMIT
    store.now += 1
    store.call(maildrop.open, OpenRequest(GRANT, "two", delay=60.0))
