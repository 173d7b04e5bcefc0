"""What is stored of a password, in all the forms in which it may be proved later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from services.storage.rules import apop, scram
from services.storage.rules.passwords import SALT, hash_password, outdated
from shared.base.errors import ConfigurationError

_SHORTEST_KEY = 32  # octets


class Secrets(NamedTuple):
    """``hash`` for passwords in clear, ``scram`` for SCRAM, ``apop`` for APOP (empty without its key)."""

    hash: str
    scram: str = ""
    apop: bytes = b""


class Vault:
    """Makes secrets. ``mechanisms`` are those that are offered, ``apop_key`` as `read_key` gives it."""

    def __init__(self, mechanisms: Sequence[str], iterations: int, apop_key: bytes = b"") -> None:
        self._mechanisms = [name for name in mechanisms if name in scram.DIGESTS]
        self.iterations = iterations
        self.apop_key = apop_key

    def renew(self, apop_key: bytes) -> None:
        """Use another key from now on. What the old one sealed opens no more: its accounts set a new password."""
        self.apop_key = apop_key

    def secrets(self, password: str, address: str, stored: str = "") -> Secrets:
        """All of one password; a ``stored`` hash of it is kept where it is as we make them. Takes tens of
        milliseconds: for threads."""
        verifiers = [
            scram.derive(name, password, os.urandom(scram.SALT), self.iterations) for name in self._mechanisms
        ]
        sealed = apop.seal(self.apop_key, address, password, os.urandom(apop.NONCE)) if self.apop_key else b""
        kept = stored and not outdated(stored)
        hashed = stored if kept else hash_password(password, os.urandom(SALT))
        return Secrets(hashed, " ".join(map(str, verifiers)), sealed)

    def incomplete(self, stored: str) -> bool:
        """Whether a mechanism that is offered has no verifier among those stored."""
        return any(f"{name}$" not in stored for name in self._mechanisms)


def read_key(path: Path | None) -> bytes:
    """The key of the file at ``path``; empty for no file. Raises `ConfigurationError`."""
    if path is None:
        return b""
    remedy = f"let it hold {_SHORTEST_KEY} random octets or more, readable for storage alone"
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            str(path), "storage.login.apop_key", error.strerror or "cannot be read", remedy
        ) from error
    if len(octets) < _SHORTEST_KEY:
        raise ConfigurationError(str(path), "storage.login.apop_key", "too short", remedy)
    return sha256(octets).digest()
