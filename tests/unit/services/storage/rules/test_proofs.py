"""What is stored of passwords, and how proofs are judged: the examples of the RFCs, and what must fail."""

from __future__ import annotations

from base64 import b64decode

from services.storage.rules import apop, nonces, scram
from services.storage.rules.saslprep import saslprep

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
MESSAGE = (
    b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
    b"i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)
PROOF = b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")


def test_the_example_of_rfc_7677() -> None:
    verifier = scram.derive("SCRAM-SHA-256", "pencil", SALT, 4096)
    assert scram.signature(verifier, MESSAGE, PROOF) == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert scram.signature(verifier, MESSAGE + b"x", PROOF) is None
    assert scram.signature(verifier, MESSAGE, PROOF[:-1]) is None
    assert scram.signature(verifier, MESSAGE, b"") is None
    assert scram.signature(scram.derive("SCRAM-SHA-256", "pencils", SALT, 4096), MESSAGE, PROOF) is None


def test_the_example_of_rfc_5802() -> None:
    verifier = scram.derive("SCRAM-SHA-1", "pencil", b64decode("QSXCR+Q6sek8bf92"), 4096)
    message = (
        b"n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
    )
    proof = b64decode("v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    assert scram.signature(verifier, message, proof) == b64decode("rmF9pqV8S7suAoZWja4dJRkFsKQ=")


def test_verifiers_are_found_again_in_what_is_stored() -> None:
    both = [scram.derive(name, "pencil", SALT, 4096) for name in scram.DIGESTS]
    stored = " ".join(map(str, both))
    assert stored.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    assert [scram.find(stored, each.mechanism) for each in both] == both
    assert scram.find("", "SCRAM-SHA-256") is None


def test_nobody_has_a_salt_that_stays() -> None:
    one = scram.nobodys("SCRAM-SHA-256", b"key", "eve@example.org", 4096)
    assert one == scram.nobodys("SCRAM-SHA-256", b"key", "eve@example.org", 4096)
    assert one.salt != scram.nobodys("SCRAM-SHA-256", b"key", "adam@example.org", 4096).salt
    assert len(one.salt) == scram.SALT
    assert scram.signature(one, MESSAGE, PROOF) is None


def test_nonces_are_ours_fresh_and_of_one_session() -> None:
    nonce = nonces.make(b"key", "session", 1000.0, b"r" * nonces.RANDOM)
    assert nonces.valid(b"key", nonce, "session", 1000.0 + nonces.LIFETIME)
    assert not nonces.valid(b"key", nonce, "session", 1001.0 + nonces.LIFETIME)
    assert not nonces.valid(b"key", nonce, "session", 999.0)
    assert not nonces.valid(b"key", nonce, "another", 1000.0)
    assert not nonces.valid(b"other", nonce, "session", 1000.0)
    assert not nonces.valid(b"key", "", "session", 1000.0)
    assert not nonces.valid(b"key", "é", "session", 1000.0)
    assert "," not in nonce


def test_the_example_of_rfc_1939() -> None:
    key, greeting = bytes(32), b"<1896.697170952@dbc.mtview.ca.us>"
    digest = b"c4c9334bac560ecc979e58001b3e22fb"
    sealed = apop.seal(key, "mrose@example.org", "tanstaaf", b"n" * apop.NONCE)
    assert b"tanstaaf" not in sealed
    assert apop.verify(key, "mrose@example.org", sealed, greeting, digest)
    assert not apop.verify(key, "mrose@example.org", sealed, greeting + b"x", digest)
    assert not apop.verify(key, "eve@example.org", sealed, greeting, digest)
    assert not apop.verify(b"k" * 32, "mrose@example.org", sealed, greeting, digest)
    assert not apop.verify(key, "mrose@example.org", b"", greeting, digest)


def test_saslprep_examples_of_rfc_4013() -> None:
    assert saslprep("I\u00adX") == "IX"
    assert saslprep("\u00aa") == "a"
    assert saslprep("\u2168") == "IX"
    assert saslprep("\u0627\u0031") == "\u0627\u0031"  # refused there; here it stays as it is
    assert saslprep("p\u00e4ss") == saslprep("pa\u0308ss")
