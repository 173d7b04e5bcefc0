"""Public keys from the DNS, and private ones to sign with (RFC 6376 sections 3.3 and 3.6.1, RFC 8301, RFC 8463).

`cryptography` is loaded when the first key is: a process that checks nothing does without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from shared.authentication.dkim.signature import ED25519, RSA, decoded
from shared.authentication.tags import TagError, parse_tags, without_space

LEAST_BITS, MOST_BITS = 1024, 4096  # of RSA keys
_LONGEST_DER = 600  # octets: a public key of 4,096 bits has 550
_RECORD = 4_096  # octets of a key record

Verify = Callable[[bytes, bytes], bool]
Sign = Callable[[bytes], bytes]


class PublicKey(NamedTuple):
    """``verify`` gets the signature and the octets that were hashed."""

    algorithm: str
    verify: Verify
    testing: bool  # t=y
    strict: bool  # t=s: i= must be in the very domain


class SigningKey(NamedTuple):
    """One selector of a domain, ready to sign."""

    domain: str
    selector: str
    algorithm: str
    sign: Sign


@lru_cache(1_024)
def public_key(record: bytes) -> PublicKey:
    """The key in a TXT record. Raises `TagError`."""
    if len(record) > _RECORD:
        raise TagError("key record too large")
    try:
        tags = parse_tags(record.decode("ascii"))
    except UnicodeDecodeError as error:
        raise TagError("key record is not ASCII") from error
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise TagError("unknown version of key record")
    if "sha256" not in without_space(tags.get("h", "sha256")).lower().split(":"):
        raise TagError("key is not for SHA-256")
    if not {"*", "email"} & set(without_space(tags.get("s", "*")).lower().split(":")):
        raise TagError("key is not for mail")
    if "p" not in tags:
        raise TagError("key record without a key")
    if not tags["p"]:
        raise TagError("key revoked")
    flags = without_space(tags.get("t", "")).lower().split(":")
    kind, material = tags.get("k", "rsa").lower(), decoded(tags["p"])
    if kind == "rsa":
        algorithm, verify = RSA, _rsa(material)
    elif kind == "ed25519":
        algorithm, verify = ED25519, _ed25519(material)
    else:
        raise TagError(f"unknown kind of key {kind[:20]}")
    return PublicKey(algorithm, verify, "y" in flags, "s" in flags)


def _rsa(material: bytes) -> Verify:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if len(material) > _LONGEST_DER:
        raise TagError("key too large")
    try:
        key = load_der_public_key(material)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TagError("unreadable or weak key") from error
    if not isinstance(key, RSAPublicKey):
        raise TagError("no RSA key")
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise TagError(f"key of {key.key_size} bits")
    padding, digest = PKCS1v15(), SHA256()

    def verify(signature: bytes, octets: bytes) -> bool:
        try:
            key.verify(signature, octets, padding, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def _ed25519(material: bytes) -> Verify:
    from hashlib import sha256

    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(material)
    except ValueError as error:
        raise TagError("unreadable key") from error

    def verify(signature: bytes, octets: bytes) -> bool:
        try:
            key.verify(signature, sha256(octets).digest())
        except InvalidSignature:
            return False
        return True

    return verify


def signing_key(domain: str, selector: str, private: bytes) -> SigningKey:
    """A private key in PKCS #8 DER, of either kind. Raises `TagError`."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError) as error:
        raise TagError("unreadable private key") from error
    if isinstance(key, Ed25519PrivateKey):
        secret = key
        return SigningKey(domain, selector, ED25519, lambda octets: secret.sign(sha256(octets).digest()))
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise TagError("no key to sign with")
    rsa, padding, digest = key, PKCS1v15(), SHA256()
    return SigningKey(domain, selector, RSA, lambda octets: rsa.sign(octets, padding, digest))
