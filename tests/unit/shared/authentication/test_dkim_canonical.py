"""Canonical forms (RFC 6376 section 3.4): the RFC's examples, and a body in pieces against a body at once."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.canonical import CanonicalBody, canonical_field

BODY = b" C \r\nD \t E\r\n\r\n\r\n"


def whole(body: bytes, *, relaxed: bool) -> bytes:
    """The definition, word by word."""
    if relaxed:
        body = re.sub(rb"[ \t]+", b" ", body)
        body = re.sub(rb" (?=\r\n)", b"", body)
        body = re.sub(rb" \Z", b"", body)
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n" if body or not relaxed else b""


def in_pieces(pieces: list[bytes], *, relaxed: bool) -> bytes:
    body = CanonicalBody(relaxed=relaxed)
    return b"".join([body.feed(piece) for piece in pieces]) + body.finish()


def test_fields() -> None:
    assert canonical_field(b"A: X\r\n", relaxed=True) == b"a:X\r\n"
    assert canonical_field(b"B : Y\t\r\n\tZ  \r\n", relaxed=True) == b"b:Y Z\r\n"
    assert canonical_field(b"B : Y\t\r\n\tZ  \r\n", relaxed=False) == b"B : Y\t\r\n\tZ  \r\n"


@pytest.mark.parametrize(("relaxed", "wanted"), [(True, b" C\r\nD E\r\n"), (False, b" C \r\nD \t E\r\n")])
def test_bodies(relaxed: bool, wanted: bytes) -> None:
    assert in_pieces([BODY], relaxed=relaxed) == wanted


@pytest.mark.parametrize(
    ("relaxed", "wanted"),
    [
        (False, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="),
        (True, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ],
)
def test_the_empty_body(relaxed: bool, wanted: str) -> None:
    assert b64encode(sha256(in_pieces([], relaxed=relaxed)).digest()).decode() == wanted


@given(st.lists(st.text(alphabet=" \t\r\na", max_size=8).map(str.encode), max_size=12), st.booleans())
def test_split_anywhere_is_the_same(pieces: list[bytes], relaxed: bool) -> None:
    body = b"".join(pieces)
    assert in_pieces(pieces, relaxed=relaxed) == whole(body, relaxed=relaxed)
    assert in_pieces([bytes([octet]) for octet in body], relaxed=relaxed) == whole(body, relaxed=relaxed)


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=220))
def test_a_limit_cuts_the_canonical_body(body: bytes, limit: int) -> None:
    hashes = BodyHashes()
    hashes.want(relaxed=True, limit=limit)
    hashes.feed(body[:50])
    hashes.feed(body[50:])
    hashes.finish()
    canonical = whole(body, relaxed=True)
    found = hashes.digest(relaxed=True, limit=limit)
    assert found.digest == sha256(canonical[:limit]).digest()
    assert found.partial == (len(canonical) > limit)


def test_memory_does_not_grow_with_blank_lines() -> None:
    body = CanonicalBody(relaxed=True)
    assert sum(len(body.feed(b"\r\n" * 10_000)) for _ in range(100)) == 0
    assert body.finish() == b""
