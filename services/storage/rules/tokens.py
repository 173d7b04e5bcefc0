"""Bearer tokens: JSON Web Tokens (RFC 7519) signed by an issuer whose keys we know (RFC 7517, RFC 7518).

The algorithm is taken from a list of ours that holds only signatures, never from the token alone, and must fit the
kind of its key: "none", a public key used as an HMAC's, and the like have no way in. Time is an argument.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from shared.base.errors import EilpostError

LONGEST = 8_192  # characters of a token
_LEEWAY = 60  # seconds by which clocks may differ
_RSA_BITS = range(2048, 8193)


class BadToken(EilpostError):
    """The token is broken, not signed by a known key, not for us, or not of this time."""


class UnknownKey(BadToken):
    """Signed with a key that is not in the set: a newer set may have it."""


class Policy(NamedTuple):
    """What a token must say."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    claim: str  # which names the user's address


class Key(NamedTuple):
    id: str
    algorithm: str  # "" for whatever fits its kind
    public: Any


def read_keys(text: str | bytes) -> list[Key]:
    """The signature keys of a JWK set; those of other kinds are passed over. Raises ValueError."""
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWK set")  # noqa: TRY004 - whatever is wrong with the text
    keys = []
    for each in document["keys"]:
        if isinstance(each, dict) and each.get("use", "sig") == "sig":
            public = _public_key(each)
            if public is not None:
                keys.append(Key(str(each.get("kid", "")), str(each.get("alg", "")), public))
    return keys


def subject(token: str, keys: Sequence[Key], policy: Policy, now: float) -> str:
    """The address that ``token`` is for. Raises `BadToken`."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise BadToken("not a signed token")
    signed, _, mark = token.rpartition(".")
    head, _, body = signed.partition(".")
    header = _object(head)
    algorithm = header.get("alg")
    if algorithm not in policy.algorithms or algorithm not in _VERIFIERS or "crit" in header:
        raise BadToken("not an algorithm that is allowed")
    _check_signature(algorithm, header.get("kid"), keys, signed.encode("ascii"), _octets(mark))
    return _judge(_object(body), policy, now)


def _check_signature(algorithm: str, id: object, keys: Sequence[Key], signed: bytes, mark: bytes) -> None:
    fitting = [
        key for key in keys if (id is None or key.id == id) and (not key.algorithm or key.algorithm == algorithm)
    ]
    if not fitting:
        raise UnknownKey("signed with an unknown key")
    for key in fitting:
        try:
            _VERIFIERS[algorithm](key.public, mark, signed)
        except (InvalidSignature, TypeError, ValueError):
            continue
        return
    raise BadToken("the signature is wrong")


def _judge(claims: Mapping[str, Any], policy: Policy, now: float) -> str:
    audience = claims.get("aud")
    if claims.get("iss") != policy.issuer:
        raise BadToken("another issuer")
    if policy.audience not in (audience if isinstance(audience, list) else [audience]):
        raise BadToken("for another audience")
    expires, begins = _moment(claims.get("exp")), _moment(claims.get("nbf", 0))
    if not begins - _LEEWAY <= now < expires + _LEEWAY:
        raise BadToken("not of this time")
    address = claims.get(policy.claim)
    if not isinstance(address, str) or not address:
        raise BadToken(f"no claim {policy.claim}")
    if policy.claim == "email" and claims.get("email_verified", True) is not True:
        raise BadToken("the address was not verified")
    return address


def _moment(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadToken("no time of expiry")
    return value


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_octets(part))
    except (ValueError, RecursionError) as error:
        raise BadToken("not JSON") from error
    if not isinstance(value, dict):
        raise BadToken("not an object")
    return value


def _octets(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken("not base64") from error


def _public_key(jwk: Mapping[str, Any]) -> Any:
    """The key, or None for one of another kind or one that is too weak. Raises ValueError for a broken one."""
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "RSA", _:
                key = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
                return key if key.key_size in _RSA_BITS else None
            case "EC", str(name) if name in _CURVES:
                return ec.EllipticCurvePublicNumbers(
                    _number(jwk["x"]), _number(jwk["y"]), _CURVES[name]()
                ).public_key()
            case "OKP", "Ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(_octets(jwk["x"]))
    except (KeyError, AttributeError, BadToken, UnsupportedAlgorithm) as error:
        raise ValueError(f"broken key: {error}") from error
    return None


def _number(text: str) -> int:
    return int.from_bytes(_octets(text), "big")


_CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1}
_Verifier = Callable[[Any, bytes, bytes], None]


def _rsa(hash: hashes.HashAlgorithm) -> _Verifier:
    def verify(key: Any, mark: bytes, signed: bytes) -> None:
        _require(key, rsa.RSAPublicKey).verify(mark, signed, padding.PKCS1v15(), hash)

    return verify


def _pss(hash: hashes.HashAlgorithm) -> _Verifier:
    def verify(key: Any, mark: bytes, signed: bytes) -> None:
        scheme = padding.PSS(padding.MGF1(hash), hash.digest_size)
        _require(key, rsa.RSAPublicKey).verify(mark, signed, scheme, hash)

    return verify


def _ecdsa(hash: hashes.HashAlgorithm, size: int) -> _Verifier:
    def verify(key: Any, mark: bytes, signed: bytes) -> None:
        if len(mark) != 2 * size or _require(key, ec.EllipticCurvePublicKey).key_size != 8 * size:
            raise ValueError("another curve")
        both = int.from_bytes(mark[:size], "big"), int.from_bytes(mark[size:], "big")
        key.verify(encode_dss_signature(*both), signed, ec.ECDSA(hash))

    return verify


def _eddsa(key: Any, mark: bytes, signed: bytes) -> None:
    _require(key, ed25519.Ed25519PublicKey).verify(mark, signed)


def _require(key: Any, kind: type[Any]) -> Any:
    if not isinstance(key, kind):
        raise TypeError("a key of another kind")
    return key


_VERIFIERS: dict[str, _Verifier] = {
    "RS256": _rsa(hashes.SHA256()),
    "RS384": _rsa(hashes.SHA384()),
    "RS512": _rsa(hashes.SHA512()),
    "PS256": _pss(hashes.SHA256()),
    "ES256": _ecdsa(hashes.SHA256(), 32),
    "ES384": _ecdsa(hashes.SHA384(), 48),
    "EdDSA": _eddsa,
}
ALGORITHMS = tuple(_VERIFIERS)
