"""Signatures: the vectors of the RFCs, our own round trip, and what must not verify."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.sign import OVERSIGNED, signed_names
from shared.authentication.dkim.signature import parse_signature, without_signature
from shared.authentication.dkim.verify import Result
from shared.authentication.tags import TagError
from shared.protocols.dns import NXDOMAIN, SERVFAIL
from tests.support.authentication import NOW, key_pair, sign, split, verify

LETTER = b"""From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")

RFC_8463 = (
    b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
""".replace(b"\n", b"\r\n")
    + LETTER
)
RFC_8463_KEYS = {
    ("brisbane._domainkey.football.example.com", "TXT"): [
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    ],
    ("test._domainkey.football.example.com", "TXT"): [
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
        "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
        "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
        "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
    ],
}
KEYS = {kind: key_pair(kind, "football.example.com", kind) for kind in ("rsa", "ed25519")}
RECORDS = {(name, "TXT"): [record] for _, name, record in KEYS.values()}
SIGNED = sign(LETTER, KEYS["rsa"][0], KEYS["ed25519"][0])


def results(message: bytes, **options: int) -> list[Result]:
    return [verdict.result for verdict in verify(message, RECORDS, **options)]


def test_the_signatures_of_rfc_8463() -> None:
    assert [verdict.result for verdict in verify(RFC_8463, RFC_8463_KEYS)] == [Result.PASS, Result.PASS]


def test_what_we_sign_verifies_in_pieces_of_any_size() -> None:
    for step in (1, 2, 3, 7, 1 << 20):
        assert results(SIGNED, step=step) == [Result.PASS, Result.PASS]


def test_fields_are_named_once_more_than_they_stand_there() -> None:
    header, _ = split(LETTER + b"")
    names = signed_names(HeaderFields(header))
    for name in OVERSIGNED:
        assert names.count(name) == HeaderFields(header).count(name) + 1


@pytest.mark.parametrize(
    "field", [b"Subject: Other\r\n", b"From: eve@example.net\r\n", b"Reply-To: eve@example.net\r\n"]
)
def test_adding_a_field_breaks_the_signature(field: bytes) -> None:
    assert results(field + SIGNED) == [Result.FAIL, Result.FAIL]


def test_white_space_may_change_but_not_words() -> None:
    assert results(SIGNED.replace(b"Subject: Is dinner", b"SUBJECT:  Is\r\n dinner")) == [Result.PASS, Result.PASS]
    assert results(SIGNED.replace(b"hungry", b"thirsty")) == [Result.FAIL, Result.FAIL]
    assert results(SIGNED.replace(b"dinner", b"lunch")) == [Result.FAIL, Result.FAIL]


def test_lines_are_short_enough_and_hold_no_limit() -> None:
    fields = SIGNED.removesuffix(LETTER)
    assert max(len(line) for line in fields.split(b"\r\n")) <= 78
    assert b"l=" not in fields.replace(b"rel=", b"")


def test_case_33_text_behind_a_limit_is_not_signed() -> None:
    """A signature with l= holds for its part of the body, and so counts for nothing."""
    import dkim

    from tests.support.authentication import private_key

    rsa = pem(private_key("rsa"))
    field = dkim.sign(
        LETTER, b"rsa", b"football.example.com", rsa, length=True, canonicalize=(b"relaxed", b"relaxed")
    )
    assert results(field + LETTER) == [Result.PASS]
    assert results(field + LETTER + b"Buy now!\r\n") == [Result.POLICY]


def test_case_37_at_most_ten_signatures_are_tried() -> None:
    many = sign(LETTER, *[KEYS["rsa"][0]] * 100)
    asked = [verdict.result for verdict in verify(many, RECORDS)]
    assert asked == [Result.PASS] * 10


@pytest.mark.parametrize("bits", [512, 768, 8192])
def test_case_37_weak_and_huge_keys_count_for_nothing(bits: int) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    from shared.authentication.dkim.keys import public_key

    numbers = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 12345)
    record = _rsa_record(numbers)
    with pytest.raises(TagError, match=r"key|bits"):
        public_key(record)


@pytest.mark.parametrize(
    "value",
    [
        b"v=1; a=rsa-sha256; d=example.org; s=a\x00b; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256; d=example.org; s=a..b; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha1; d=example.org; s=s; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256; d=example.org; s=s; h=to; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256; d=example.org; i=@example.net; s=s; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=aGFo; b=aGFo; d=example.net",
        b"v=2; a=rsa-sha256; d=example.org; s=s; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=aGFo; b=a!",
        b"v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=aGFo; b=aGFo; t=9; x=1",
        b"v=1; a=rsa-sha256; d=example.org; s=s; h=from; bh=aGFo; b=aGFo; l=-1",
        b"v=1; a=rsa-sha256; d=example.org; s=s; q=finger; h=from; bh=aGFo; b=aGFo",
        b"v=1; a=rsa-sha256;; d=example.org; s=s; h=from; bh=aGFo; b=aGFo",
    ],
)
def test_case_37_fields_that_cannot_be_read(value: bytes) -> None:
    with pytest.raises(TagError):
        parse_signature(value)


def test_keys_that_are_not_there_or_not_for_this() -> None:
    name = KEYS["rsa"][1]
    message = sign(LETTER, KEYS["rsa"][0])
    record = KEYS["rsa"][2]
    cases = {
        Result.TEMPERROR: SERVFAIL,
        Result.PERMERROR: NXDOMAIN,
    }
    for wanted, answer in cases.items():
        assert [verdict.result for verdict in verify(message, {(name, "TXT"): answer})] == [wanted]
    for changed in (
        record.replace("k=rsa", "k=rsa; s=tlsrpt"),
        record.replace("k=rsa", "k=rsa; h=sha1"),
        record.partition("p=")[0] + "p=",
        record.replace("v=DKIM1", "v=DKIM2"),
        "k=rsa; v=DKIM1; " + record.partition("p=")[1] + record.partition("p=")[2],
    ):
        assert [verdict.result for verdict in verify(message, {(name, "TXT"): [changed]})] == [Result.PERMERROR]


def test_a_signature_expires() -> None:
    signed = SIGNED.replace(b"c=relaxed/relaxed;", b"c=relaxed/relaxed; x=%d;" % (NOW + 10), 1)
    assert verify(signed, RECORDS, now=NOW + 11)[0].why == "signature expired"


@given(st.binary(max_size=300))
def test_any_field_is_read_or_refused(value: bytes) -> None:
    with suppress(TagError):
        parse_signature(value)


def _rsa_record(numbers: object) -> bytes:
    """A key record without the checks that libraries make when they build a key."""
    from base64 import b64encode

    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8 + 1, "big")  # type: ignore[attr-defined]
    integers = _der(2, modulus) + _der(2, b"\x01\x00\x01")
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return b"v=DKIM1; p=" + b64encode(_der(0x30, algorithm + _der(3, b"\x00" + _der(0x30, integers))))


def _der(tag: int, octets: bytes) -> bytes:
    size = len(octets)
    if size < 128:
        return bytes([tag, size]) + octets
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + octets


def pem(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_der_private_key,
    )

    return load_der_private_key(private, None).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


@pytest.mark.parametrize(
    ("field", "hashed"),
    [
        (b"X: a=1; b=c2ln\r\n; bh=b=; d=x\r\n", b"X: a=1; b=; bh=b=; d=x\r\n"),
        (b"X: b = c2ln;a=1\r\n", b"X: b =;a=1\r\n"),
        (b"X: bh=b;\r\n\tb=c2ln\r\n\tc2ln\r\n", b"X: bh=b;\r\n\tb="),
        (b"X: bh=b; ab=c\r\n", b"X: bh=b; ab=c\r\n"),
    ],
)
def test_a_signature_hashes_its_own_field_with_an_empty_b(field: bytes, hashed: bytes) -> None:
    assert without_signature(field) == hashed
