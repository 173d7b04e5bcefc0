"""Password hashes: argon2id for ours, and those of other servers until their owner's first login.

A stored secret is ``$argon2id$...`` or ``{SCHEME}hash`` as Dovecot writes it. Hashing takes tens of milliseconds:
never on the loop. Salts are arguments.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable

from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import Type, hash_secret, verify_secret

from services.storage.rules import crypt_hashes
from shared.base.errors import EilpostError

MEMORY = 19 * 1024  # KiB
PASSES = 2
LANES = 1
SALT = 16  # octets
DIGEST = 32
_OURS = f"$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}$"
_MOST_MEMORY = 256 * 1024  # KiB; an imported hash may not ask for more


class UnknownScheme(EilpostError):
    """A hash that cannot be verified here."""


def hash_password(password: str, salt: bytes) -> str:
    """The secret to store. ``salt`` is 16 random octets."""
    return hash_secret(_octets(password), salt, PASSES, MEMORY, LANES, DIGEST, Type.ID).decode()


def verify_password(secret: str, password: str) -> bool:
    """Whether ``password`` is the one behind ``secret``; every wrong or broken one is just False."""
    scheme, hash = _split(secret)
    verify = _SCHEMES.get(scheme)
    return verify is not None and verify(hash, _octets(password))


def outdated(secret: str) -> bool:
    """Whether the secret should be replaced by one of ours, now that the password is known."""
    return not secret.startswith(_OURS)


def check_secret(secret: str) -> str:
    """A ``{SCHEME}hash`` as it will be stored, once its form is one that can be verified. Raises `UnknownScheme`."""
    scheme, hash = _split(secret)
    if scheme not in _SCHEMES or not hash:
        raise UnknownScheme(f"cannot verify {{{scheme}}} hashes; known are {', '.join(sorted(_SCHEMES))}")
    if scheme.startswith("ARGON2"):
        _check_argon2(hash)
        return hash
    if scheme in _CRYPT and not crypt_hashes.AVAILABLE:
        raise UnknownScheme(f"cannot verify {{{scheme}}} hashes: this system has no libcrypt that can")
    if scheme in _CRYPT and not hash.startswith(_CRYPT[scheme]):
        raise UnknownScheme(f"not a {{{scheme}}} hash")
    return f"{{{scheme}}}{hash}"


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _split(secret: str) -> tuple[str, str]:
    if secret.startswith("{") and "}" in secret:
        scheme, _, hash = secret[1:].partition("}")
        return scheme.upper(), hash
    for scheme, starts in (("ARGON2ID", ("$argon2",)), *_CRYPT.items()):
        if secret.startswith(starts):
            return scheme, secret
    return "", secret


def _check_argon2(hash: str) -> None:
    try:
        costs = dict(pair.split("=") for pair in hash.split("$")[3].split(","))
        fits = int(costs["m"]) <= _MOST_MEMORY and int(costs["t"]) <= 20 and int(costs["p"]) <= 16
    except (IndexError, KeyError, ValueError) as error:
        raise UnknownScheme("not an argon2 hash") from error
    if not fits:
        raise UnknownScheme("an argon2 hash of such cost would stall every login")


def _argon2(hash: str, password: bytes) -> bool:
    kind = Type.I if hash.startswith("$argon2i$") else Type.D if hash.startswith("$argon2d$") else Type.ID
    try:
        return verify_secret(hash.encode(), password, kind)
    except (Argon2Error, InvalidHashError):
        return False


def _plain(hash: str, password: bytes) -> bool:
    return hmac.compare_digest(hash.encode(), password)


def _digest(algorithm: str) -> Callable[[str, bytes], bool]:
    """{SHA}, {SSHA} and their longer kin: base64 of digest and, for the salted ones, salt (RFC 2307)."""
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size

    def verify(hash: str, password: bytes) -> bool:
        try:
            octets = b64decode(hash, validate=True)
        except (Base64Error, ValueError):
            return False
        digest, salt = octets[:size], octets[size:]
        return hmac.compare_digest(digest, hashlib.new(algorithm, password + salt, usedforsecurity=False).digest())

    return verify


_CRYPT: dict[str, tuple[str, ...]] = {
    "SHA512-CRYPT": ("$6$",),
    "SHA256-CRYPT": ("$5$",),
    "BLF-CRYPT": ("$2a$", "$2b$", "$2y$"),
}

_SCHEMES: dict[str, Callable[[str, bytes], bool]] = {
    "ARGON2ID": _argon2,
    "ARGON2I": _argon2,
    "ARGON2": _argon2,
    **dict.fromkeys(_CRYPT, crypt_hashes.verify),
    "SHA": _digest("sha1"),
    "SSHA": _digest("sha1"),
    "SHA256": _digest("sha256"),
    "SSHA256": _digest("sha256"),
    "SHA512": _digest("sha512"),
    "SSHA512": _digest("sha512"),
    "PLAIN": _plain,
    "CLEARTEXT": _plain,
}
