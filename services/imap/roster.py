"""Who is logged in here: limits per account, grants kept fresh, and an end for those who may not stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import trio

from services.imap.context import AccountContext
from services.imap.errors import No
from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.directory import AccountChanged, Renew, account_changed
from shared.contracts.errors import Code, Refused, Unavailable
from shared.net.holdings import Holdings

_ROUND = 30.0  # seconds between looks at the clock
_AHEAD = 600.0  # seconds before its end that a grant is renewed
_END = frozenset({Code.GRANT_EXPIRED, Code.FORBIDDEN, Code.NOT_FOUND, Code.LOGIN_FAILED})


class Endable(Protocol):
    """A session, as far as the roster needs it."""

    def end(self, words: str) -> None: ...

    def look(self, now: float) -> None: ...


class Roster:
    """All sessions of this process; those that are logged in stand under their account. ``clock`` gives Unix
    seconds."""

    def __init__(self, bus: Bus, per_account: int, clock: Callable[[], float]) -> None:
        self.sessions: set[Endable] = set()
        self.held = Holdings()  # sessions by account
        self._accounts: dict[int, dict[Endable, AccountContext]] = {}
        self._bus = bus
        self._per_account = per_account
        self._clock = clock
        self._changed: set[int] = set()
        self._wake = trio.Event()

    def join(self, session: Endable, account: AccountContext) -> None:
        """A session has logged in. Raises `No` when its account has too many, here and in the other processes."""
        number = account.account
        if self._per_account and self.held.total(number) >= self._per_account:
            raise No("Too many connections for this account", "LIMIT")
        self.held.take(number)
        self._accounts.setdefault(number, {})[session] = account

    def leave(self, session: Endable, account: AccountContext) -> None:
        """It is gone."""
        present = self._accounts.get(account.account, {})
        if present.pop(session, None) is None:
            return
        self.held.give_back(account.account)
        if not present:
            del self._accounts[account.account]

    async def watch(self) -> None:
        """Renew grants before they end, and check them when an account changed. Runs for ever."""
        subscription = self._bus.subscribe(account_changed, self._on_change, on_gap=self._on_gap)
        try:
            while True:
                with trio.move_on_after(_ROUND):
                    await self._wake.wait()
                self._wake = trio.Event()
                changed, self._changed = self._changed, set()
                limit = self._clock() + _AHEAD
                for number, present in list(self._accounts.items()):
                    for session, account in list(present.items()):
                        if number in changed or account.expires < limit:
                            await self._renew(session, account)
        finally:
            subscription.close()

    def _on_change(self, event: AccountChanged) -> None:
        if event.account in self._accounts:
            self._changed.add(event.account)
            self._wake.set()

    def _on_gap(self) -> None:
        self._changed.update(self._accounts)
        self._wake.set()

    async def _renew(self, session: Endable, account: AccountContext) -> None:
        try:
            fresh = await self._bus.call(directory.renew, Renew(account.grant))
        except Refused as error:
            if error.code in _END:
                session.end("Please log in again")
        except Unavailable:
            if account.expires < self._clock():
                session.end("Please log in again")
        else:
            account.grant, account.expires = fresh.grant, fresh.expires
