from __future__ import annotations

import pytest
from sqlalchemy import update

from services.storage.handlers.search import BUDGET
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import body
from shared.contracts import mailboxes, messages, search
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Deliver, Target
from shared.contracts.search import Field, Leaf, Search
from tests.support.storage import GRANT, Store, letter_octets, new

ALL = pack_u32(range(1, 1000))


def find(store: Store, *leaves: Leaf, uids: bytes = ALL) -> list[list[int]]:
    inbox = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False)).mailbox
    return list(map(unpack_uids, store.call(search.search, Search(GRANT, inbox, uids, leaves)).matches))


def test_leaves_are_answered_in_order(store: Store) -> None:
    store.append(new(letter_octets("Apples", "red\r\n")), new(letter_octets("Pears", "GREEN apples\r\n")))
    found = find(
        store,
        Leaf(Field.HEADER, "subject", "apples"),
        Leaf(Field.BODY, "", "apples"),
        Leaf(Field.TEXT, "", "apples"),
        Leaf(Field.SENT, "", ">=10186"),
        Leaf(Field.HEADER, "x-none", ""),
    )
    assert found == [[1], [2], [1, 2], [1, 2], []]
    assert find(store, Leaf(Field.TEXT, "", "apples"), uids=pack_u32([2])) == [[2]]


def test_many_messages_are_searched_in_pages(store: Store) -> None:
    store.append(*[new(letter_octets(f"number-{place}.")) for place in range(250)])
    assert find(store, Leaf(Field.HEADER, "Subject", "number-249."), Leaf(Field.TEXT, "", "number-1.")) == [
        [250],
        [2],
    ]


def test_what_a_copy_has_in_front_is_header_too(store: Store) -> None:
    name = store.accept(letter_octets())
    target = Target(store.bob, "INBOX", b"Delivered-To: bob@example.org\r\n")
    store.call(messages.deliver, Deliver((store.filing(name, target),)))
    assert find(store, Leaf(Field.HEADER, "delivered-to", "BOB")) == [[1]]


def test_bodies_in_the_blob_store_are_read_from_there(store: Store) -> None:
    item = new(letter_octets("large", "needle\r\n"))
    store.append(item)
    store.blobs["there"] = item.body.octets
    header = item.body.octets[: item.summary.header_size]
    store.change(update(body).values(octets=header, location="there"))
    assert find(store, Leaf(Field.BODY, "", "NEEDLE"), Leaf(Field.HEADER, "subject", "large")) == [[1], [1]]


def test_a_search_that_takes_too_long_is_limited(store: Store) -> None:
    store.append(new())
    store.clock = iter([0.0, BUDGET + 1]).__next__
    with pytest.raises(Refused) as caught:
        find(store, Leaf(Field.BODY, "", "x"))
    assert caught.value.code is Code.LIMIT
