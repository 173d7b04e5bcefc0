"""The right to a maildrop: a grant that expires and a lock that lapses, both renewed while the session lasts."""

from __future__ import annotations

import trio

from services.pop3.house import House
from shared.contracts import directory, maildrop
from shared.contracts.errors import Code, Refused, Unavailable

RENEW_EVERY = maildrop.LEASE / 2  # seconds
HURRY = maildrop.LEASE / 12  # seconds until the next try after one that got no answer


class Tenure:
    """``grant`` is always the one to use. `keep` runs beside the session."""

    def __init__(self, house: House, session: str, login: directory.LoggedIn, mailbox: int) -> None:
        self.account = login.account
        self.address = login.address
        self.mailbox = mailbox
        self.session = session
        self._login = login
        self._house = house
        self._in_doubt = False
        self._woken = trio.Event()

    @property
    def grant(self) -> bytes:
        return self._login.grant

    def verify(self) -> None:
        """Renew the grant soon, which is refused when the account has changed."""
        self._in_doubt = True
        self._woken.set()

    async def keep(self) -> str:
        """Renew until that is refused; returns why."""
        pause = RENEW_EVERY
        try:
            while True:
                with trio.move_on_after(pause):
                    await self._woken.wait()
                self._woken = trio.Event()
                pause = RENEW_EVERY if await self._renewed() else HURRY
        except Refused as refused:
            return f"lost the maildrop: {refused.code.value}"

    async def _renewed(self) -> bool:
        """Try to renew; False when there was no answer, or trouble that may pass. Raises `Refused`."""
        try:
            await self._renew()
        except Unavailable:
            return False
        except Refused as refused:
            if refused.code is not Code.UNAVAILABLE:
                raise
            return False
        return True

    async def _renew(self) -> None:
        bus = self._house.bus
        if self._in_doubt or self._login.expires - self._house.clock() < maildrop.LEASE:
            self._login = await bus.call(directory.renew, directory.Renew(self.grant), trace=self.session)
            self._in_doubt = False
        await bus.call(maildrop.hold, maildrop.Hold(self.grant, self.session, self.mailbox), trace=self.session)

    async def close(self, delete: bytes = b"") -> None:
        """Remove the packed UIDs ``delete`` and give the lock back, for good. Raises `Refused` and `Unavailable`."""
        request = maildrop.Close(self.grant, self.session, self.mailbox, delete)
        await self._house.bus.call(maildrop.close, request, trace=self.session)
