"""TLSA records against certificates (RFC 7672)."""

from __future__ import annotations

import hashlib
import ssl

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.delivery.outbound.dane import matches, usable
from shared.protocols.dns import Association

HOST = "mx.example.org"


def der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


AUTHORITY = trustme.CA()
LEAF = der(AUTHORITY.issue_cert(HOST).cert_chain_pems[0].bytes())
TOP = der(AUTHORITY.cert_pem.bytes())
KEY = x509.load_der_x509_certificate(LEAF).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_usages_selectors_and_hashes_that_count() -> None:
    records = [Association(*each, b"") for each in ((0, 0, 1), (1, 1, 1), (2, 0, 1), (3, 1, 2), (3, 2, 1), (3, 1, 9))]
    assert [each[:3] for each in usable(records)] == [(2, 0, 1), (3, 1, 2)]


def test_leaf_by_certificate_and_by_key() -> None:
    assert matches([Association(3, 0, 0, LEAF)], [LEAF], "whatever.example")
    assert matches([Association(3, 1, 1, hashlib.sha256(KEY).digest())], [LEAF], "whatever.example")
    assert matches([Association(3, 1, 2, hashlib.sha512(KEY).digest())], [LEAF], "whatever.example")
    assert not matches([Association(3, 1, 1, hashlib.sha256(LEAF).digest())], [LEAF], HOST)
    assert not matches([Association(3, 0, 0, LEAF)], [], HOST)


def test_authority_with_name_and_chain() -> None:
    record = Association(2, 0, 1, hashlib.sha256(TOP).digest())
    assert matches([record], [LEAF, TOP], HOST)
    assert not matches([record], [LEAF, TOP], "another.example")
    assert not matches([record], [LEAF], HOST)
    stranger = der(trustme.CA().issue_cert(HOST).cert_chain_pems[0].bytes())
    assert not matches([record], [stranger, TOP], HOST)
