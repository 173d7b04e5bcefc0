"""From credentials to an open maildrop."""

from __future__ import annotations

import trio

from services.pop3.bodies import Bodies
from services.pop3.context import Transaction
from services.pop3.headers import Headers
from services.pop3.house import House
from services.pop3.maildrop import Maildrop, last_uid
from services.pop3.tenure import Tenure
from shared.contracts import directory, maildrop
from shared.contracts.errors import Code, Refused
from shared.observe import metrics
from shared.protocols.sasl.mechanism import Credentials


class Entrance:
    """The logins of one connection, which may fail a few times. (Storage makes each failure wait.)"""

    def __init__(self, house: House, session: str, remote: str) -> None:
        self._house = house
        self._session = session
        self._remote = remote
        self.failures = 0
        self.mechanism = ""

    @property
    def closed(self) -> bool:
        """Whether this connection has failed as often as it may."""
        return self.failures >= self._house.settings.login_attempts

    async def log_in(self, credentials: Credentials, mechanism: str, nursery: trio.Nursery) -> Transaction:
        """Prove who it is, then take the lock. Raises `Refused` and `Unavailable`."""
        self.mechanism = mechanism
        login = await self._prove(credentials, mechanism)
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
            request = maildrop.OpenRequest(grant, self._session, after)
            pages.append(await self._house.bus.call(maildrop.open, request, trace=self._session))
            after = last_uid(pages[-1], after)
        return Maildrop(pages)

    async def _prove(self, credentials: Credentials, mechanism: str) -> directory.LoggedIn:
        request = directory.Login(
            mechanism, credentials.username, credentials.password, credentials.authzid, self._remote, self._session
        )
        try:
            login = await self._house.bus.call(directory.login, request, trace=self._session)
        except Refused as refused:
            metrics.auth_total("pop3", mechanism, refused.code.value).inc()
            self.failures += refused.code in (Code.LOGIN_FAILED, Code.THROTTLED)
            raise
        metrics.auth_total("pop3", mechanism, "ok").inc()
        return login
