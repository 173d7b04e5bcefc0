"""Logins: from a name and evidence to a grant.

Invariants:
1. A name that is not there costs what a wrong password costs: one verification, the same text, the same delay.
2. A remembered verification belongs to one account, credential version and password, whichever mechanism said the
   password in clear; it ends with any change of the account. The password is not kept, only its keyed hash.
3. At most ``hashing`` verifications run at once, each of which takes 19 MiB; who cannot begin in time is asked to try
   again.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import trio

from services.storage import config
from services.storage.authority import Authority
from services.storage.keys import Purpose
from services.storage.registry import AnyRow
from services.storage.renewals import Renewals
from services.storage.repositories import accounts, login_failures
from services.storage.repositories.accounts import Credential
from services.storage.rooms import Rooms
from services.storage.rules.passwords import outdated, verify_password
from services.storage.rules.throttle import Limits, Origin, Throttle
from services.storage.secrets import Secrets, Vault
from services.storage.turn import CallbackTurn
from services.storage.unit_of_work import Asked
from shared.contracts.directory import LoggedIn, Login
from shared.contracts.errors import Code, Refused
from shared.mail.address import AddressError, canonical
from shared.observe.log import Log

MOST = 50_000  # remembered verifications, and remembered credentials
LONGEST_PASSWORD = 4_096  # characters


class Attempt(NamedTuple):
    """Somebody wants in. ``evidence`` is only what tells one try from another, to count failures."""

    mechanism: str
    username: str
    authzid: str
    evidence: str
    remote: str
    session: str


Judge = Callable[[Credential], Awaitable[bool]]  # whether the evidence is that of the credential's owner


class Logins:
    """The login desk. Used on the trio loop; hashing runs in threads. ``dummy`` is the secret of nobody."""

    def __init__(
        self,
        settings: config.Login,
        keys: dict[Purpose, bytes],
        dummy: str,
        vault: Vault,
        rooms: Rooms,
        authority: Authority,
        clock: Callable[[], float],
        log: Log,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._rooms = rooms
        self._authority = authority
        self._clock = clock
        self._log = log
        self._hashing = trio.CapacityLimiter(settings.hashing or 2 * (os.cpu_count() or 1))
        self._dummy = dummy
        self._vault = vault
        self._credentials: dict[str, Credential] = {}
        self._verified: dict[tuple[int, int, bytes], float] = {}
        self._generation = 0
        self.renewals = Renewals(self.hash, rooms, self.forget, log)
        self.throttle = Throttle(
            Limits(
                settings.delay_seconds,
                settings.failures_per_address,
                settings.failures_per_user,
                settings.users_per_network,
                settings.trusted,
            )
        )

    def forget(self, address: str) -> None:
        """The account was changed."""
        self._generation += 1
        self._credentials.pop(address, None)

    def forget_all(self) -> None:
        """Changes may have been missed."""
        self._generation += 1
        self._credentials.clear()

    def remembered(self, login: Login, service: str) -> LoggedIn | None:
        """The answer, where this very login was verified a short while ago: no thread, no statement."""
        address = self.address(login.username)
        credential = self._credentials.get(address)
        if credential is None or not self._authorised(login.authzid, login.username, address):
            return None
        if not self._was_verified(credential, login):
            return None
        if self.throttle.wait(self.throttle.origin(login.remote), self._alias(address), self._clock()):
            return None
        return self._grant(credential, service, login.session)

    async def verify(self, login: Login, service: str) -> LoggedIn:
        """Verify a password. Raises `Refused`: LOGIN_FAILED (after its delay), THROTTLED, UNAVAILABLE."""
        address = self.address(login.username)

        async def judge(credential: Credential) -> bool:
            if self._was_verified(credential, login):
                return True
            good: bool = await self._hash(verify_password, credential.secret or self._dummy, login.password)
            return good

        attempt = Attempt(login.mechanism, login.username, login.authzid, login.password, login.remote, login.session)
        credential = await self.admit(attempt, address, judge)
        if outdated(credential.secret) or self._vault.incomplete(credential.scram):
            self.renewals.offer(credential, login.password)
        self._remember(credential, login)
        return self._grant(credential, service, login.session)

    async def enter(self, attempt: Attempt, address: str, service: str, judge: Judge) -> LoggedIn:
        """Let somebody in by other evidence than a password in clear. Raises as `verify` does."""
        return self._grant(await self.admit(attempt, address, judge, fresh=True), service, attempt.session)

    async def admit(self, attempt: Attempt, address: str, judge: Judge, *, fresh: bool = False) -> Credential:
        """The account that ``attempt`` may act for: it is there and enabled, and ``judge`` finds the evidence good.

        ``fresh`` looks nothing up in memory, so that it takes the same time whoever asks.
        """
        user = self._alias(address)
        origin = self.throttle.origin(attempt.remote)
        if seconds := self.throttle.wait(origin, user, self._clock()):
            self._log.info(
                "login.throttled", user=user, remote_ip=attempt.remote, session=attempt.session, seconds=seconds
            )
            raise Refused(Code.THROTTLED, "too many failed logins", str(seconds))
        credential = await (self.look_up(address) if fresh else self._credential(address))
        good = await judge(credential)
        authorised = self._authorised(attempt.authzid, attempt.username, address)
        if not (good and credential.account and credential.enabled and authorised):
            await self._fail(attempt, origin, user, address if credential.account else "")
        if forgiven := self.throttle.succeeded(origin, user, self._clock()):
            self._note(login_failures.FORGIVEN, login_failures.Forgiven(forgiven))
        self._log.info(
            "login.ok", account=address, mech=attempt.mechanism, remote_ip=attempt.remote, session=attempt.session
        )
        return credential

    async def look_up(self, address: str) -> Credential:
        """What the database says of ``address`` now."""
        return await self._rooms.ask(accounts.CREDENTIAL, accounts.CredentialRequest(address))

    async def hash(self, password: str, address: str, stored: str = "") -> Secrets:
        """What is stored of a password, made in a thread when one is free, as `Vault.secrets`. Raises `Refused`
        (UNAVAILABLE)."""
        secrets: Secrets = await self._hash(self._vault.secrets, password, address, stored)
        return secrets

    async def hash_all(self, passwords: Sequence[tuple[str, str]]) -> list[Secrets]:
        """The same of many (password, address), side by side with the logins that come meanwhile."""
        secrets = [Secrets("")] * len(passwords)

        async def work(place: int, password: str, address: str) -> None:
            async with self._hashing:
                secrets[place] = await trio.to_thread.run_sync(self._vault.secrets, password, address)

        async with trio.open_nursery() as nursery:
            for place, (password, address) in enumerate(passwords):
                nursery.start_soon(work, place, password, address)
        return secrets

    def address(self, name: str) -> str:
        """The canonical form of a user name; "", which is nobody's, for one that cannot be an address."""
        if "@" not in name and self._settings.default_domain:
            name = f"{name}@{self._settings.default_domain}"
        try:
            return canonical(name)
        except AddressError:
            return ""

    def _authorised(self, authzid: str, username: str, address: str) -> bool:
        """Nobody acts for another user (RFC 4616: the authorization identity)."""
        if not authzid or authzid == username:
            return True
        try:
            return canonical(authzid) == address
        except AddressError:
            return False

    def _alias(self, address: str) -> str:
        """A name for the user that tells nobody who it is."""
        return hmac.digest(self._keys[Purpose.ENUMERATION], address.encode(), "sha256")[:9].hex()

    def _was_verified(self, credential: Credential, login: Login) -> bool:
        """Whether this very password was found good a short while ago, and nothing has changed since."""
        return self._verified.get(self._mark(credential, login), 0.0) > self._clock()

    def _mark(self, credential: Credential, login: Login) -> tuple[int, int, bytes]:
        return credential.account, credential.version, self._digest(login.password)

    def _digest(self, password: str) -> bytes:
        octets = password.encode("utf-8", "surrogatepass")
        return hmac.digest(self._keys[Purpose.LOGIN_CACHE], octets, "sha256")

    async def _credential(self, address: str) -> Credential:
        credential = self._credentials.get(address)
        if credential is not None:
            return credential
        generation = self._generation
        credential = await self.look_up(address)
        if credential.account and generation == self._generation:
            if len(self._credentials) >= MOST:
                self._credentials.clear()
            self._credentials[address] = credential
        return credential

    async def _hash(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if any(isinstance(each, str) and len(each) > LONGEST_PASSWORD for each in arguments):
            raise Refused(Code.LOGIN_FAILED, "a password of such length is none")
        with trio.move_on_after(self._settings.hashing_wait):
            await self._hashing.acquire()
            try:
                with trio.CancelScope(shield=True):
                    return await trio.to_thread.run_sync(function, *arguments)
            finally:
                self._hashing.release()
        raise Refused(Code.UNAVAILABLE, "too many logins at once")

    async def _fail(self, attempt: Attempt, origin: Origin, user: str, account: str) -> None:
        """Count the failure, hold the answer, refuse. The log names accounts only: other names may be passwords."""
        failure = self.throttle.failed(origin, user, self._digest(attempt.evidence), self._clock())
        self._log.info(
            "login.failed",
            account=account,
            user=user,
            mech=attempt.mechanism,
            remote_ip=attempt.remote,
            session=attempt.session,
            delay=failure.delay,
        )
        if failure.counted:
            self._note(login_failures.COUNT, login_failures.Counted(failure.counted))
        await trio.sleep(failure.delay)
        raise Refused(Code.LOGIN_FAILED, "wrong name or password")

    def _note(self, row: AnyRow, request: Any) -> None:
        """Write something down for other processes, and for the next one; nobody waits for it."""
        self._rooms.enter(CallbackTurn(row, Asked(request, "storage"), lambda outcome: None))

    def _remember(self, credential: Credential, login: Login) -> None:
        if len(self._verified) >= MOST:
            self._verified.clear()
        self._verified[self._mark(credential, login)] = self._clock() + self._settings.cache_lifetime

    def _grant(self, credential: Credential, service: str, session: str) -> LoggedIn:
        grant, expires = self._authority.grant(credential.account, credential.version, service, session)
        return LoggedIn(grant, credential.account, credential.address, expires)
