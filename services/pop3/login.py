"""From credentials to an open maildrop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from services.pop3.bodies import Bodies
from services.pop3.context import Transaction
from services.pop3.errors import CommandRefused
from services.pop3.headers import Headers
from services.pop3.house import House
from services.pop3.maildrop import Maildrop, last_uid
from services.pop3.tenure import Tenure
from shared.contracts import directory, maildrop
from shared.contracts.errors import Code, Refused
from shared.net.shell import Connection
from shared.observe import metrics
from shared.protocols.pop3.replies import ResponseCode
from shared.runtime.authentication import Authentication


class Entrance:
    """The logins of one connection, which may fail a few times. (Storage makes each failure wait.)"""

    def __init__(self, house: House, connection: Connection) -> None:
        self._house = house
        self._session = connection.id
        self.authentication = Authentication(house.bus, house.logins, connection)
        self.failures = 0
        self.mechanism = ""

    @property
    def closed(self) -> bool:
        """Whether this connection has failed as often as it may."""
        return self.failures >= self._house.settings.login_attempts

    @contextmanager
    def counting(self, mechanism: str) -> Iterator[None]:
        """What happens within is a login under ``mechanism``; note how it ends."""
        self.mechanism = mechanism
        try:
            yield
        except Refused as refused:
            metrics.auth_total("pop3", mechanism, refused.code.value).inc()
            self.failures += refused.code in (Code.LOGIN_FAILED, Code.THROTTLED)
            raise
        metrics.auth_total("pop3", mechanism, "ok").inc()

    async def enter(self, login: directory.LoggedIn, nursery: trio.Nursery) -> Transaction:
        """Take the lock for who has logged in. Raises `Refused` and `Unavailable`."""
        drop = await self._open(login.grant)
        tenure = Tenure(self._house, self._session, login, drop.mailbox)
        return Transaction(
            tenure,
            drop,
            Bodies(self._house, tenure, drop, nursery),
            Headers(self._house, tenure, drop),
        )

    async def _open(self, grant: bytes) -> Maildrop:
        """Lock and list, page by page where the list is too long for one."""
        pages: list[maildrop.Maildrop] = []
        after = 0
        while not pages or pages[-1].more:
            request = maildrop.OpenRequest(grant, self._session, after, self._house.settings.login_delay)
            try:
                pages.append(await self._house.bus.call(maildrop.open, request, trace=self._session))
            except Refused as refused:
                if refused.code is Code.LIMIT:
                    raise CommandRefused("too soon after the last login", ResponseCode.LOGIN_DELAY) from refused
                raise
            after = last_uid(pages[-1], after)
        return Maildrop(pages)
