"""Who of a process's guests is ended, and when."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import trio
import trio.testing

from shared.bus.memory import MemoryBroker
from shared.contracts.directory import AccountChanged, account_changed
from shared.net.shell import Connection
from shared.runtime.guests import Guest, Guests


@dataclass(frozen=True)
class Settings:
    plaintext_on_loopback: bool = True
    idle_timeout: float = 600.0
    login_timeout: float = 60.0
    login_within: float = 300.0
    mistakes: int = 4
    mistake_delay: float = 1.0


class Noted(Guest):
    """Tells why it was asked to end."""

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(Connection(ours), Settings())

    @property
    def reason(self) -> str:
        return self._reason

    def mistake(self) -> tuple[float, bool]:
        return self._count_mistake()


async def told(*changes: int) -> list[str]:
    """Why guests end who belong to nobody, to account 1 and to account 2, when these accounts change."""
    broker = MemoryBroker()
    guests: Guests[Noted] = Guests()
    here = [Noted(), Noted(), Noted()]
    for account, guest in enumerate(here):
        guests.belongs(guest, account)
    guests.watch_accounts(broker.connect("pop3", "p"), "account changed")
    storage = broker.connect("storage", "s")
    for account in changes:
        storage.publish(account_changed, AccountChanged(account, "ann@example.org"))
    await trio.testing.wait_all_tasks_blocked(0.01)
    return [guest.reason for guest in here]


async def test_a_changed_account_ends_its_own_sessions() -> None:
    assert await told(1) == ["", "account changed", ""]


async def test_a_new_alias_ends_nobody_not_even_who_has_not_logged_in() -> None:
    assert await told(0) == ["", "", ""]


async def test_a_drain_ends_all_and_tells_who_comes_now() -> None:
    guests: Guests[Noted] = Guests()
    here = [Noted(), Noted()]
    for guest in here:
        guests.belongs(guest)
    draining = trio.Event()
    draining.set()
    await guests.drain(draining, "closing", 0.1)
    assert [guest.reason for guest in here] == ["closing", "closing"]
    assert guests.closing == "closing"


async def test_mistakes_cost_time_from_half_of_them_on_and_then_the_session() -> None:
    guest = Noted()
    assert [guest.mistake() for _ in range(4)] == [(0.0, False), (0.0, False), (1.0, False), (1.0, True)]
