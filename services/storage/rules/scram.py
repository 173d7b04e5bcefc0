"""SCRAM's keys (RFC 5802 section 3): what is stored of a password, and how a proof is checked against it.

Stored is, for each mechanism, ``<mechanism>$<iterations>:<salt>$<StoredKey>:<ServerKey>`` (RFC 5803), separated by
spaces. Who has it can neither log in with it nor find the password but by trying.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import NamedTuple

from services.storage.rules.saslprep import saslprep

DIGESTS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
SALT = 16  # octets


class Verifier(NamedTuple):
    """What a proof under ``mechanism`` is checked against."""

    mechanism: str
    iterations: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    def __str__(self) -> str:
        salt, stored, server = (b64encode(each).decode() for each in (self.salt, self.stored_key, self.server_key))
        return f"{self.mechanism}${self.iterations}:{salt}${stored}:{server}"


def derive(mechanism: str, password: str, salt: bytes, iterations: int) -> Verifier:
    """The verifier of a password; takes tens of milliseconds, by intent."""
    digest = DIGESTS[mechanism]
    octets = saslprep(password).encode("utf-8", "surrogatepass")
    salted = hashlib.pbkdf2_hmac(digest, octets, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", digest)
    return Verifier(
        mechanism,
        iterations,
        salt,
        hashlib.new(digest, client_key).digest(),
        hmac.digest(salted, b"Server Key", digest),
    )


def nobodys(mechanism: str, key: bytes, name: str, iterations: int) -> Verifier:
    """What stands in for a user who is not there or has no verifier: always the same salt, keys that nobody has."""
    digest = DIGESTS[mechanism]
    salt, stored, server = (hmac.digest(key, f"{mechanism} {what} {name}".encode(), digest) for what in "123")
    return Verifier(mechanism, iterations, salt[:SALT], stored, server)


def find(stored: str, mechanism: str) -> Verifier | None:
    """The verifier for ``mechanism`` among those stored."""
    for each in stored.split():
        name, costs, keys = each.split("$")
        if name == mechanism:
            iterations, salt = costs.split(":")
            stored_key, server_key = map(b64decode, keys.split(":"))
            return Verifier(name, int(iterations), b64decode(salt), stored_key, server_key)
    return None


def signature(verifier: Verifier, message: bytes, proof: bytes) -> bytes | None:
    """The server's signature of an exchange whose proof is right; None when it is wrong."""
    digest = DIGESTS[verifier.mechanism]
    client_signature = hmac.digest(verifier.stored_key, message, digest)
    fits = len(proof) == len(client_signature)
    client_key = bytes(a ^ b for a, b in zip(proof if fits else client_signature, client_signature, strict=True))
    right = hmac.compare_digest(hashlib.new(digest, client_key).digest(), verifier.stored_key)
    answer = hmac.digest(verifier.server_key, message, digest)
    return answer if right and fits else None
