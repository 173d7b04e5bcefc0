"""The sessions of a process that serves one client at a time with one command at a time, as POP3 and ManageSieve do.

A guest is asked to end from outside: by a changed account, by the clock or by the drain. It ends at once while it
listens, with no command in hand; otherwise when the command is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import trio

from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.directory import AccountChanged
from shared.net.shell import Connection
from shared.runtime.drain import SHARE, spread


class Manners(Protocol):
    """The settings for what a client may do; times in seconds."""

    @property
    def plaintext_on_loopback(self) -> bool: ...

    @property
    def idle_timeout(self) -> float: ...

    @property
    def login_timeout(self) -> float: ...

    @property
    def login_within(self) -> float: ...

    @property
    def mistakes(self) -> int: ...

    @property
    def mistake_delay(self) -> float: ...


class Guest:
    """What such sessions have in common, whatever they speak."""

    def __init__(self, connection: Connection, manners: Manners) -> None:
        self._connection = connection
        self._manners = manners
        self._started = self._unknown_since = trio.current_time()  # the latter for the patience with strangers
        self._mistakes = 0
        self._tls_next = False
        self._listening = False  # waiting for the client, with no command in hand
        self._reason = ""  # why the session ends
        self._scope = trio.CancelScope()

    def end(self, reason: str) -> None:
        """End when the command in hand is done, or now when there is none."""
        self._reason = self._reason or reason
        if self._listening:
            self._scope.cancel()

    @property
    def secure(self) -> bool:
        """Whether a password may be said here."""
        connection = self._connection
        return connection.tls is not None or (connection.loopback and self._manners.plaintext_on_loopback)

    @property
    def can_start_tls(self) -> bool:
        """Whether TLS may be offered."""
        return self._connection.can_start_tls

    def start_tls_next(self) -> None:
        """Go ahead with TLS once the command is done."""
        self._tls_next = True

    def _patience(self, *, logged_in: bool) -> float:
        """Seconds that the client may be silent now."""
        manners = self._manners
        if logged_in:
            return manners.idle_timeout
        left = self._unknown_since + manners.login_within - trio.current_time()
        return max(0.0, min(manners.login_timeout, left))

    def _count_mistake(self) -> tuple[float, bool]:
        """Seconds to wait before a bad command is answered, and whether it was one too many."""
        self._mistakes += 1
        limit = self._manners.mistakes
        return self._manners.mistake_delay if self._mistakes > limit // 2 else 0.0, self._mistakes >= limit


G = TypeVar("G", bound=Guest)


class Guests(Generic[G]):
    """All of a process, by the account that they belong to."""

    def __init__(self) -> None:
        self.closing = ""  # why nobody is let in any more
        self._accounts: dict[G, int] = {}  # 0 before login

    def belongs(self, guest: G, account: int = 0) -> None:
        """``guest`` is here, and has logged in as ``account`` (0: as nobody)."""
        self._accounts[guest] = account

    def leave(self, guest: G) -> None:
        """``guest`` is gone."""
        del self._accounts[guest]

    def all(self) -> list[G]:
        """Who is here."""
        return list(self._accounts)

    def watch_accounts(self, bus: Bus, reason: str, on_gap: Callable[[], None] = lambda: None) -> None:
        """End the sessions of an account whose password or state changes; ``on_gap`` is called where notices may have
        been missed. A lost one lets nobody do anything: storage refuses the grant of an account that has changed."""

        def changed(event: AccountChanged) -> None:
            for guest, account in list(self._accounts.items()):
                if event.account and account == event.account:  # 0: only the ways to accounts have changed
                    guest.end(reason)

        bus.subscribe(directory.account_changed, changed, on_gap=on_gap)

    async def drain(self, draining: trio.Event, reason: str, seconds: float) -> None:
        """At shutdown, let every session finish the command in hand; who comes now is told so."""
        await draining.wait()
        self.closing = reason
        await spread(self.all(), lambda guest: guest.end(reason), seconds * SHARE)
