"""Order: dense sets of messages, sparse ones, and sets with something missing are sorted alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, permutations
from typing import Any

import pytest
from sqlalchemy import select

from services.storage.handlers import sorting as handler
from services.storage.repositories.messages import Picker
from services.storage.rules.packed import pack_u32, unpack_uids
from shared.contracts import mailboxes, sorting
from shared.contracts.errors import Refused
from shared.contracts.mailboxes import Open
from shared.contracts.sorting import By, Criterion, SortRequest, ThreadsRequest
from tests.support.storage import GRANT, Store, new

LETTERS = [
    (subject, sender, day)
    for day, subject in enumerate(("b", "Re: a", "A", "\u00e9", "", "re: B"), 1)
    for sender in ("zoe@x", '"Ann" <bob@x>')
]


@pytest.fixture
def inbox(store: Store) -> int:
    for subject, sender, day in LETTERS:
        head = f"Subject: {subject}\r\nFrom: {sender}\r\nDate: {30 - day} Nov 1997 10:00:00 +0000\r\n\r\n"
        store.append(new(head.encode()))
    number: int = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False)).mailbox
    return number


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("by", list(By))
def test_sparse_and_dense_sets_are_sorted_alike(
    store: Store, inbox: int, by: By, reverse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = SortRequest(
        GRANT, inbox, pack_u32([1, 2, 4, 5, 7, 9, 11, 40]), (Criterion(by, reverse), Criterion(By.DATE))
    )
    dense = store.call(sorting.sort, request).uids
    monkeypatch.setattr(handler, "DENSE", 0)
    assert store.call(sorting.sort, request).uids == dense
    assert len(dense) == 7 * 4


def test_base_subjects_go_before_dates(store: Store, inbox: int) -> None:
    request = SortRequest(GRANT, inbox, pack_u32(range(1, 13, 2)), (Criterion(By.SUBJECT), Criterion(By.DATE)))
    packed = store.call(sorting.sort, request).uids
    subjects = [LETTERS[packed[at] - 1][0] for at in range(0, len(packed), 4)]
    assert subjects == [
        "",
        "A",
        "Re: a",
        "re: B",
        "b",
        "\u00e9",
    ]


def test_threads_are_cut_at_the_limit(store: Store, inbox: int) -> None:
    whole = store.call(sorting.threads, ThreadsRequest(GRANT, inbox, pack_u32(range(1, 13))))
    found, at = b"", 1
    while at:
        part = store.call(sorting.threads, ThreadsRequest(GRANT, inbox, pack_u32(range(at, 13)), 60))
        assert 1 <= len(unpack_uids(part.uids)) < 5
        found, at = found + part.ids, part.next_uid
    assert found == whole.ids
    assert len(whole.ids) == 8 * sum(whole.counts)


@pytest.mark.parametrize("wanted", [range(1, 13), [2, 3, 5, 6, 8, 11], [3], [1, 4, 200], [1, 12, 9_000]])
def test_threads_are_of_what_is_asked_and_there(store: Store, inbox: int, wanted: Sequence[int]) -> None:
    """Dense, dense with what is not asked for between, sparse, and with what is not there."""
    alone = [
        store.call(sorting.threads, ThreadsRequest(GRANT, inbox, pack_u32([uid]))) for uid in wanted if uid <= 12
    ]
    together = store.call(sorting.threads, ThreadsRequest(GRANT, inbox, pack_u32(wanted)))
    for column in ("uids", "dates", "counts", "ids"):
        assert getattr(together, column) == b"".join(getattr(each, column) for each in alone)


def test_nothing_and_too_much(store: Store, inbox: int) -> None:
    assert store.call(sorting.sort, SortRequest(GRANT, inbox, b"", (Criterion(By.DATE),))).uids == b""
    for criteria in ((), (Criterion(By.DATE),) * 21):
        with pytest.raises(Refused):
            store.call(sorting.sort, SortRequest(GRANT, inbox, b"", criteria))


@pytest.mark.parametrize("dense", [4, 0])
def test_orders_that_clients_think_of_are_not_remembered_for_ever(
    store: Store, inbox: int, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "DENSE", dense)
    made: list[Callable[..., Any]] = []

    def counted(make: Callable[..., Any]) -> Callable[..., Any]:
        def count(*columns: Any, **given: Any) -> Any:
            made.append(make)
            return make(*columns, **given)

        return count

    monkeypatch.setattr(handler, "select", counted(select))
    monkeypatch.setattr(handler, "Picker", counted(Picker))
    orders = islice(permutations(By, 3), handler.REMEMBERED + 1)
    requests = [SortRequest(GRANT, inbox, pack_u32([1, 2, 9]), tuple(map(Criterion, order))) for order in orders]
    for request in requests:
        store.call(sorting.sort, request)
    before = len(made)
    store.call(sorting.sort, requests[-1])
    assert len(made) == before
    store.call(sorting.sort, requests[0])
    assert len(made) > before
