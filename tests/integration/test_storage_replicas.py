"""Two processes of storage on one PostgreSQL, and everything else around them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.mail import imap, letter, new_account, send, wait_messages
from tests.support.databases import Places
from tests.support.house import House, running_house

pytestmark = [pytest.mark.integration, pytest.mark.postgresql]

LETTERS = 40


@pytest.fixture(scope="module")
def two_storages(postgres: Places) -> Iterator[House]:
    database = postgres.server.url(postgres.server.create())  # empty: two processes make its schema at once
    with running_house(replicas={"storage": 2, "delivery": 2, "imap": 2}, database=database) as started:
        yield started


def test_letters_come_in_by_both_and_keep_the_order_of_uids(two_storages: House) -> None:
    address = new_account(two_storages)

    def send_some(first: int) -> None:
        for number in range(first, first + LETTERS // 4):
            send(two_storages, address, letter(address, f"number {number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send_some, range(0, LETTERS, LETTERS // 4)))
    wait_messages(two_storages, address, LETTERS)
    client = imap(two_storages, address)
    _, found = client.uid("FETCH", "1:*", "(UID BODY[HEADER.FIELDS (SUBJECT)])")
    subjects = {part[1].split(b":", 1)[1].strip() for part in found if isinstance(part, tuple)}
    assert subjects == {f"number {number}".encode() for number in range(LETTERS)}
    _, (uids,) = client.uid("SEARCH", "ALL")
    assert sorted(map(int, uids.split())) == list(range(1, LETTERS + 1))
    client.logout()


def test_flags_set_by_many_at_once_are_all_there(two_storages: House) -> None:
    address = new_account(two_storages)
    for number in range(4):
        send(two_storages, address, letter(address, f"n{number}"))
    wait_messages(two_storages, address, 4)

    def set_keywords(who: int) -> None:
        client = imap(two_storages, address)
        for number in range(1, 5):
            assert client.store(str(number), "+FLAGS", f"(k{who})")[0] == "OK"
        client.logout()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(set_keywords, range(6)))
    client = imap(two_storages, address)
    _, found = client.fetch("1:4", "(FLAGS)")
    assert all(f"k{who}" in str(line) for who in range(6) for line in found)
    client.logout()
