"""Secrets made anew behind the logins that showed their passwords: foreign hashes, outdated ones, missing verifiers.

It takes up to three times what the login itself takes, so no login waits for it: one secret at a time, in the order
of the logins. What finds no room is left out, and the account's next login brings it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from services.storage.repositories import accounts
from services.storage.repositories.accounts import Credential
from services.storage.rooms import Rooms
from services.storage.secrets import Secrets
from shared.contracts.errors import Refused
from shared.observe.log import Log

MOST = 64  # that wait


class Renewals:
    """Used on the trio loop. ``make`` makes secrets of a password and an address, as far as the stored hash
    is not good enough; ``renewed`` hears of an address."""

    def __init__(
        self,
        make: Callable[[str, str, str], Awaitable[Secrets]],
        rooms: Rooms,
        renewed: Callable[[str], None],
        log: Log,
    ) -> None:
        self._make = make
        self._rooms = rooms
        self._renewed = renewed
        self._log = log
        self._waiting: set[int] = set()  # accounts
        self._in, self._out = trio.open_memory_channel[tuple[Credential, str]](MOST)

    def offer(self, credential: Credential, password: str) -> None:
        """Make the secrets of this account anew, soon or at another login."""
        if credential.account in self._waiting:
            return
        try:
            self._in.send_nowait((credential, password))
        except trio.WouldBlock:
            return
        self._waiting.add(credential.account)

    async def run(self) -> None:
        """Work for ever."""
        async for credential, password in self._out:
            try:
                secrets = await self._make(password, credential.address, credential.secret)
                renewed = accounts.Rehash(credential.account, credential.secret, secrets.hash, secrets.scram)
                await self._rooms.ask(accounts.REHASH, renewed)
            except Refused as refusal:
                self._log.info("login.not_renewed", account=credential.address, reason=refusal.text)
            finally:
                self._waiting.discard(credential.account)
            self._renewed(credential.address)
