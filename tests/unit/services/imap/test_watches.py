"""What watchers hear of a mailbox: each change once, whose it was, and what the bus has lost."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from services.imap.notify.watches import Watches
from shared.bus.client import Bus
from shared.bus.memory import MemoryBroker
from shared.contracts.changes import Change, mailbox_changed

MAILBOX = 7


class Listener:
    """Notes whose changes it hears of, "" for what was found."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def mailbox_changed(self, mailbox: int, author: str) -> None:
        assert mailbox == MAILBOX
        self.heard.append(author)

    def list_changed(self, author: str) -> None:
        raise AssertionError(author)

    def look_again(self) -> None:
        raise AssertionError


@pytest.fixture
async def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
async def watches(broker: MemoryBroker, nursery: trio.Nursery) -> Watches:
    watches = Watches(broker.connect("imap", "1"), 30.0)
    nursery.start_soon(watches.run)
    return watches


@pytest.fixture
async def storage(broker: MemoryBroker) -> Bus:
    return broker.connect("storage", "1")


async def test_a_notice_that_was_overtaken_still_says_whose_change_it_was(
    watches: Watches, storage: Bus, autojump_clock: trio.testing.MockClock
) -> None:
    listener = Listener()
    watches.watch_mailboxes(listener, [MAILBOX])
    await trio.testing.wait_all_tasks_blocked()
    watches.reached(MAILBOX, 5)
    storage.publish(mailbox_changed, Change(MAILBOX, 0, 5, 1, author="me"), key=MAILBOX)
    await trio.sleep(2)
    assert listener.heard == ["me"]


async def test_a_lost_notice_is_made_up_for_within_two_seconds(
    watches: Watches, autojump_clock: trio.testing.MockClock
) -> None:
    listener = Listener()
    watches.watch_mailboxes(listener, [MAILBOX])
    watches.reached(MAILBOX, 5)
    watches.reached(MAILBOX, 6)
    await trio.sleep(1)
    assert listener.heard == [""]
    watches.reached(MAILBOX, 6)
    await trio.sleep(1)
    assert listener.heard == [""]
