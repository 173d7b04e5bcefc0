"""APOP (RFC 1939 section 7): a digest over the greeting and the password itself, which therefore must be kept.

It is kept only for accounts that ask for it, encrypted with AES-256-GCM under a key that is not in the database, and
bound to the account's address: moved to another account it opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12  # octets


def seal(key: bytes, address: str, password: str, nonce: bytes) -> bytes:
    """The password as it is stored. ``nonce`` is random and new."""
    return nonce + AESGCM(key).encrypt(nonce, password.encode("utf-8", "surrogatepass"), address.encode())


def verify(key: bytes, address: str, sealed: bytes, greeting: bytes, digest: bytes) -> bool:
    """Whether ``digest`` (hexadecimal, lower case) is that of ``greeting`` and the sealed password."""
    try:
        password = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], address.encode())
    except (InvalidTag, ValueError):
        password = None
    expected = hashlib.md5(greeting + (password or b""), usedforsecurity=False).hexdigest().encode()
    return hmac.compare_digest(expected, digest) and password is not None
