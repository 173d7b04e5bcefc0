"""Logins of clients that prove a password without saying it: SCRAM and APOP. The secrets stay here.

Invariants:
1. A name that is not there, or has no verifier, is asked and answered like any other: a salt that stays the same,
   one look into the database, the same computations, the same failure.
2. A proof counts once: its exchange holds a nonce that was made here, a short while ago, for this very session.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from services.storage.keys import Purpose
from services.storage.logins import Attempt, Logins
from services.storage.repositories.accounts import Credential
from services.storage.rules import apop, nonces, scram
from services.storage.rules.scram import DIGESTS, Verifier
from services.storage.secrets import Vault
from shared.contracts.directory import Prove, Proved, ScramParameters, ScramRequest
from shared.contracts.errors import Code, Refused

APOP = "APOP"


class Proofs:
    """The login desk of those who do not say their password."""

    def __init__(self, logins: Logins, keys: dict[Purpose, bytes], vault: Vault, clock: Callable[[], float]) -> None:
        self._logins = logins
        self._keys = keys
        self._vault = vault
        self._clock = clock

    async def parameters(self, request: ScramRequest) -> ScramParameters:
        """How this user, or nobody, proves a password. Refused: FORBIDDEN for a mechanism that is none."""
        if request.mechanism not in DIGESTS:
            raise Refused(Code.FORBIDDEN, "no such mechanism")
        address = self._logins.address(request.username)
        credential = await self._logins.look_up(address)
        verifier = self._verifier(credential, request.mechanism, request.username)
        nonce = nonces.make(self._keys[Purpose.NONCE], request.session, self._clock(), os.urandom(nonces.RANDOM))
        return ScramParameters(verifier.salt, verifier.iterations, nonce)

    async def verify(self, prove: Prove, service: str) -> Proved:
        """Judge a proof. Raises `Refused` as `Logins.verify` does."""
        signature = b""

        async def judge(credential: Credential) -> bool:
            nonlocal signature
            if prove.mechanism == APOP:
                return self._judge_digest(prove, credential)
            found = self._judge_proof(prove, credential)
            signature = found or b""
            return found is not None

        attempt = Attempt(
            prove.mechanism, prove.username, prove.authzid, prove.proof.hex(), prove.remote, prove.session
        )
        login = await self._logins.enter(attempt, self._logins.address(prove.username), service, judge)
        return Proved(login, signature)

    def _judge_proof(self, prove: Prove, credential: Credential) -> bytes | None:
        if prove.mechanism not in DIGESTS:
            return None
        verifier = self._verifier(credential, prove.mechanism, prove.username)
        signature = scram.signature(verifier, prove.message, prove.proof)
        fresh = nonces.valid(self._keys[Purpose.NONCE], prove.nonce, prove.session, self._clock())
        return signature if fresh and f"{prove.nonce},s=".encode() in prove.message else None

    def _judge_digest(self, prove: Prove, credential: Credential) -> bool:
        if not self._vault.apop_key:
            return False
        return apop.verify(self._vault.apop_key, credential.address, credential.apop, prove.message, prove.proof)

    def _verifier(self, credential: Credential, mechanism: str, username: str) -> Verifier:
        """The user's verifier, or the one that stands in for it."""
        nobodys = scram.nobodys(
            mechanism, self._keys[Purpose.ENUMERATION], credential.address or username, self._vault.iterations
        )
        return scram.find(credential.scram, mechanism) or nobodys
