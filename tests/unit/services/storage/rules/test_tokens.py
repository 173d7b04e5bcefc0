"""Bearer tokens: whose signature counts, and for what. Keys are made here; nothing is mocked."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from services.storage.rules.tokens import ALGORITHMS, BadToken, Policy, UnknownKey, read_keys, subject

NOW = 1_700_000_000.0
POLICY = Policy("https://id.example.org", "eilpost", ALGORITHMS, "email")
CLAIMS = {"iss": POLICY.issuer, "aud": "eilpost", "exp": NOW + 300, "email": "bob@example.org"}

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def key_set(**changes: Any) -> str:
    numbers, point = RSA.public_key().public_numbers(), EC.public_key().public_numbers()
    keys = [
        {"kty": "RSA", "kid": "rsa", "n": number(numbers.n), "e": number(numbers.e)},
        {"kty": "EC", "kid": "ec", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")),
         "y": b64(point.y.to_bytes(32, "big"))},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": b64(ED.public_key().public_bytes_raw())},
        {"kty": "oct", "kid": "secret", "k": b64(b"secret")},
    ]  # fmt: skip
    return json.dumps({"keys": [{**key, **changes} for key in keys]})


KEYS = read_keys(key_set())


def _ps256(octets: bytes) -> bytes:
    return RSA.sign(octets, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())


def _es256(octets: bytes) -> bytes:
    r, s = decode_dss_signature(EC.sign(octets, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


SIGNERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "RS256": ("rsa", lambda octets: RSA.sign(octets, padding.PKCS1v15(), hashes.SHA256())),
    "PS256": (
        "rsa",
        _ps256,
    ),
    "ES256": ("ec", _es256),
    "EdDSA": ("ed", ED.sign),
}


def token(algorithm: str = "EdDSA", header: dict[str, Any] | None = None, **claims: Any) -> str:
    kid, sign = SIGNERS[algorithm]
    head = b64(json.dumps({"alg": algorithm, "kid": kid, **(header or {})}).encode())
    body = b64(json.dumps({key: value for key, value in {**CLAIMS, **claims}.items() if value is not None}).encode())
    return f"{head}.{body}.{b64(sign(f'{head}.{body}'.encode()))}"


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_each_algorithm(algorithm: str) -> None:
    assert subject(token(algorithm), KEYS, POLICY, NOW) == "bob@example.org"
    with pytest.raises(BadToken):
        subject(token(algorithm), KEYS, POLICY._replace(algorithms=("RS512",)), NOW)
    head, _, mark = token(algorithm).split(".")
    forged = b64(json.dumps({**CLAIMS, "email": "eve@example.org"}).encode())
    with pytest.raises(BadToken):
        subject(f"{head}.{forged}.{mark}", KEYS, POLICY, NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"nbf": NOW + 61},
        {"email": None},
        {"email": 7},
        {"email_verified": False},
        {"email_verified": "false"},
    ],
)
def test_what_a_token_must_say(claims: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        subject(token(**claims), KEYS, POLICY, NOW)


def test_an_audience_among_others_and_another_claim() -> None:
    assert subject(token(aud=["web", "eilpost"]), KEYS, POLICY, NOW) == "bob@example.org"
    policy = POLICY._replace(claim="preferred_username")
    assert subject(token(preferred_username="ann@example.org"), KEYS, policy, NOW) == "ann@example.org"


def test_no_key_is_taken_for_one_of_another_kind() -> None:
    """The old tricks: "none", a public key as the secret of an HMAC, an EC key for an RSA signature."""
    body = b64(json.dumps(CLAIMS).encode())
    none = b64(b'{"alg":"none"}')
    with pytest.raises(BadToken):
        subject(f"{none}.{body}.", KEYS, POLICY._replace(algorithms=("none",)), NOW)
    shared = b64(b'{"alg":"HS256","kid":"secret"}')
    mark = b64(hmac.new(b"secret", f"{shared}.{body}".encode(), hashlib.sha256).digest())
    with pytest.raises(BadToken):
        subject(f"{shared}.{body}.{mark}", KEYS, POLICY._replace(algorithms=("HS256",)), NOW)
    with pytest.raises(BadToken):
        subject(token("ES256", {"kid": "rsa"}), KEYS, POLICY, NOW)
    with pytest.raises(BadToken):
        subject(token("EdDSA", {"crit": ["exp"]}), KEYS, POLICY, NOW)


def test_an_unknown_key_is_told_apart_from_a_wrong_signature() -> None:
    with pytest.raises(UnknownKey):
        subject(token("EdDSA", {"kid": "new"}), KEYS, POLICY, NOW)
    with pytest.raises(UnknownKey):
        subject(token(), read_keys(key_set(alg="RS256")), POLICY, NOW)
    assert not read_keys(key_set(use="enc"))


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.é.é", "." * 9000, f"{b64(b'[]')}.{b64(b'{}')}.x", "..",
                                  f"{b64(b'{' * 3000)}.x.y"])  # fmt: skip
def test_what_is_no_token_at_all(text: str) -> None:
    with pytest.raises(BadToken):
        subject(text, KEYS, POLICY, NOW)


@pytest.mark.parametrize("text", ["", "[]", '{"keys":1}', '{"keys":[{"kty":"RSA","n":"AQAB"}]}',
                                  '{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}'])  # fmt: skip
def test_broken_key_sets(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each parser has its own words
        read_keys(text)
