"""Grants: only what was signed, only for whom, only for a while."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules.grants import BadGrant, Claims, ExpiredGrant, sign, verify

KEY = b"k" * 32
CLAIMS = Claims(7, 3, "imap", "01SESSION", 2_000)


def test_what_was_signed_is_read_back() -> None:
    assert verify(KEY, sign(KEY, CLAIMS), "imap", 1_999.0) == CLAIMS


def test_another_service_or_key_or_a_later_time_is_refused() -> None:
    grant = sign(KEY, CLAIMS)
    with pytest.raises(BadGrant):
        verify(KEY, grant, "smtp", 0.0)
    with pytest.raises(BadGrant):
        verify(b"other", grant, "imap", 0.0)
    with pytest.raises(ExpiredGrant):
        verify(KEY, grant, "imap", 2_000.0)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_every_changed_octet_is_noticed(place: int, change: int) -> None:
    grant = bytearray(sign(KEY, CLAIMS))
    grant[place % len(grant)] ^= change
    with pytest.raises(BadGrant):
        verify(KEY, bytes(grant), "imap", 0.0)


@given(st.binary(max_size=400))
def test_anything_else_is_a_bad_grant(octets: bytes) -> None:
    with pytest.raises(BadGrant):
        verify(KEY, octets, "imap", 0.0)
