"""Who may act for whom: grants, and the accounts' present versions that make old grants void.

Invariant: `Authority.states` holds what the last commit said of an account, or nothing. It is written by the loop
alone, in ``on_commit`` of the writes that change an account and when a reader has looked a missing one up; an answer
that a reader began to look up before such a write is not taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from services.storage.rules import grants
from services.storage.rules.grants import BadGrant, Claims, ExpiredGrant
from shared.contracts.errors import Code, Refused

MOST = 50_000  # remembered grants, and remembered accounts


class AccountState(NamedTuple):
    """The present version of an account; None when it is not there or not enabled."""

    version: int | None


class Authority:
    """Gives grants and judges them. Used on the trio loop."""

    def __init__(self, key: bytes, clock: Callable[[], float], lifetime: int) -> None:
        self._key = key
        self._clock = clock
        self._lifetime = lifetime
        self._verified: dict[tuple[bytes, str], Claims] = {}
        self.states: dict[int, AccountState] = {}
        self.generation = 0  # grows when `states` is changed by a write

    def grant(self, account: int, version: int, service: str, session: str) -> tuple[bytes, int]:
        """A grant, and when it ends (Unix seconds)."""
        expires = int(self._clock()) + self._lifetime
        return grants.sign(self._key, Claims(account, version, service, session, expires)), expires

    def claims(self, grant: bytes, service: str) -> Claims:
        """What a grant says, whatever became of its account. Refused: FORBIDDEN, GRANT_EXPIRED."""
        known = self._verified.get((grant, service))
        if known is not None and known.expires > self._clock():
            return known
        try:
            claims = grants.verify(self._key, grant, service, self._clock())
        except BadGrant as error:
            raise Refused(Code.FORBIDDEN, str(error)) from error
        except ExpiredGrant as error:
            raise Refused(Code.GRANT_EXPIRED, str(error)) from error
        if len(self._verified) >= MOST:
            self._verified.clear()
        self._verified[(grant, service)] = claims
        return claims

    def standing(self, claims: Claims) -> bool | None:
        """Whether the account is still what it was at the login; None when its state must be looked up first."""
        state = self.states.get(claims.account)
        return None if state is None else state.version == claims.version

    def learn(self, generation: int, found: dict[int, AccountState]) -> None:
        """Take over what a reader found that began to look at ``generation``."""
        if generation != self.generation:
            return
        if len(self.states) >= MOST:
            self.states.clear()
        self.states.update(found)

    def forget(self, account: int) -> None:
        """``account`` was changed: look it up again."""
        self.generation += 1
        self.states.pop(account, None)

    def forget_all(self) -> None:
        """Changes may have been missed."""
        self.generation += 1
        self.states.clear()
