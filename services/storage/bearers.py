"""Logins by something that others vouch for: a token of an issuer (OAUTHBEARER, XOAUTH2), a certificate of an
authority (EXTERNAL). Storage judges the evidence itself; the front only saw it."""

from __future__ import annotations

import urllib.request
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import trio

from services.storage.logins import Attempt, Logins
from services.storage.repositories.accounts import Credential
from services.storage.rules import certificates, tokens
from services.storage.rules.certificates import BadCertificate
from services.storage.rules.tokens import BadToken, Key, Policy, UnknownKey
from shared.contracts.directory import LoggedIn, Login
from shared.observe.log import Log
from shared.protocols.sasl.external import External
from shared.protocols.sasl.registry import TOKENS
from shared.runtime.settings import LoginSettings

MECHANISMS = TOKENS | {External.name}
FETCH_TIMEOUT = 5.0  # seconds
LARGEST_SET = 1024 * 1024  # octets
RENEW = 600.0  # seconds until a key set is read again
HURRY = 30.0  # ... when a token was signed with a key that it does not hold


class KeySet:
    """An issuer's public keys, from a file or an https URL, read again now and then."""

    def __init__(self, source: str, clock: Callable[[], float], log: Log) -> None:
        self._source = source
        self._clock = clock
        self._log = log
        self._keys: Sequence[Key] = ()
        self.forget()
        self._reading = trio.Lock()

    def forget(self) -> None:
        """Read them again the next time."""
        self._read_at = -RENEW

    async def keys(self, *, hurry: bool = False) -> Sequence[Key]:
        """The keys. When they cannot be read, those of the last time."""
        async with self._reading:
            if self._clock() - self._read_at >= (HURRY if hurry else RENEW):
                self._read_at = self._clock()
                try:
                    self._keys = tokens.read_keys(await trio.to_thread.run_sync(_fetch, self._source))
                except (OSError, ValueError) as error:
                    self._log.warning("login.keys_unread", source=self._source, reason=str(error))
        return self._keys


class Bearers:
    """The login desk of those who bring a token or a certificate.

    ``authority`` is the PEM file of those who sign our users' certificates, None for nobody.
    """

    def __init__(
        self, logins: Logins, settings: LoginSettings, authority: Path | None, clock: Callable[[], float], log: Log
    ) -> None:
        oauth = settings.oauth
        self._offered = MECHANISMS.intersection(settings.mechanisms)
        self._policy = Policy(oauth.issuer, oauth.audience, oauth.algorithms, oauth.claim)
        self._key_set = KeySet(oauth.keys, clock, log)
        self._authority = authority
        self._authorities = read_authorities(authority)
        self._logins = logins
        self._clock = clock
        self._log = log

    async def verify(self, login: Login, service: str) -> LoggedIn:
        """Judge a token or certificate. Raises `Refused` as `Logins.verify` does."""
        vouched: list[str] = []
        if login.mechanism in self._offered:
            try:
                found = await self._addresses(login)
                vouched = [address for each in found if (address := self._logins.address(each))]
            except (BadToken, BadCertificate) as error:
                self._log.info("login.not_vouched", session=login.session, reason=str(error))
        wanted = login.username or login.authzid
        address = self._logins.address(wanted) if wanted else "".join(vouched[:1])

        async def judge(_: Credential) -> bool:
            return bool(address) and address in vouched

        attempt = Attempt(login.mechanism, wanted, login.authzid, login.password, login.remote, login.session)
        return await self._logins.enter(attempt, address, service, judge)

    def reload(self) -> None:
        """Read the issuer's keys again at the next login."""
        self._key_set.forget()

    async def _trusted(self) -> bytes:
        """The authorities as their file is now, or was last."""
        with suppress(OSError):
            self._authorities = await trio.to_thread.run_sync(read_authorities, self._authority)
        return self._authorities

    async def _addresses(self, login: Login) -> list[str]:
        if login.mechanism == External.name:
            try:
                certificate = b64decode(login.password, validate=True)
            except Error as error:
                raise BadCertificate("not base64") from error
            return certificates.addresses(certificate, await self._trusted(), self._clock())
        if len(login.password) > tokens.LONGEST:
            raise BadToken("too long")
        return [await self._subject(login.password)]

    async def _subject(self, token: str) -> str:
        try:
            return tokens.subject(token, await self._key_set.keys(), self._policy, self._clock())
        except UnknownKey:
            return tokens.subject(token, await self._key_set.keys(hurry=True), self._policy, self._clock())


def read_authorities(path: Path | None) -> bytes:
    """The PEM file of those who sign our users' certificates; empty without one."""
    return path.read_bytes() if path else b""


def _fetch(source: str) -> bytes:
    """A key set's octets, in a thread. Raises OSError and ValueError."""
    if not source.startswith("https://"):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=FETCH_TIMEOUT) as response:  # noqa: S310 - https alone comes here
        octets: bytes = response.read(LARGEST_SET + 1)
    if len(octets) > LARGEST_SET:
        raise ValueError("the key set is too large")
    return octets
