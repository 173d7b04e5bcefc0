"""DKIM keys made, and sealed for the database.

What seals them is a secret of the server (`services.storage.keys`), bound to domain and selector: a row that is moved
to another domain opens no more.
"""

from __future__ import annotations

import os
from base64 import b64encode
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ALGORITHMS = ("rsa", "ed25519")
_BITS = 2048
_NONCE = 12  # octets


class NewKey(NamedTuple):
    algorithm: str
    secret: bytes  # PKCS #8 DER
    record: str  # TXT


def make(algorithm: str) -> NewKey:
    """A fresh key. RSA takes a tenth of a second: not for the loop or the writer."""
    if algorithm == "rsa":
        key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = rsa.generate_private_key(65537, _BITS)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return NewKey(algorithm, secret, f"v=DKIM1; k={algorithm}; p={b64encode(public).decode('ascii')}")


def seal(server_key: bytes, domain: str, selector: str, secret: bytes) -> bytes:
    """``secret`` as the database keeps it."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(server_key).encrypt(nonce, secret, _place(domain, selector))


def unseal(server_key: bytes, domain: str, selector: str, sealed: bytes) -> bytes:
    """The secret again. Raises `cryptography.exceptions.InvalidTag` for one that was sealed elsewhere."""
    return AESGCM(server_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _place(domain, selector))


def _place(domain: str, selector: str) -> bytes:
    return f"{selector}._domainkey.{domain}".encode("ascii")
