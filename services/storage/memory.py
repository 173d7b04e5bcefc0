"""What storage remembers of the directory, and how it forgets."""

from __future__ import annotations

from services.storage.authority import Authority
from services.storage.logins import Logins
from services.storage.resolver import Resolver
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.directory import AccountChanged, account_changed


class Memory:
    """The caches of one process. Every write to the directory says here what it changed."""

    def __init__(self, authority: Authority, logins: Logins, resolver: Resolver) -> None:
        self._authority = authority
        self._logins = logins
        self._resolver = resolver

    def changing(self, work: UnitOfWork, account: int, address: str) -> None:
        """``work`` changes this account: once committed, nobody goes on with the old state, here or elsewhere."""
        change = AccountChanged(account, address)
        work.on_commit(lambda: self.changed(change))
        work.publish(account_changed, change)

    def rerouting(self, work: UnitOfWork, name: str) -> None:
        """``work`` changes where mail for ``name`` ends, and no login."""
        self.changing(work, 0, name)

    def changed(self, change: AccountChanged) -> None:
        """An account changed (0: only the ways to accounts did)."""
        self._resolver.forget()
        if change.account:
            self._authority.forget(change.account)
            self._logins.forget(change.address)

    def forget_all(self) -> None:
        """Notices may have been missed."""
        self._resolver.forget()
        self._authority.forget_all()
        self._logins.forget_all()
