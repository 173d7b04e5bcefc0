"""The text that stands in the place of a lost message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.lost import lost_message
from shared.mail.summary import summarise


@given(st.binary(min_size=32, max_size=32), st.text(), st.text(), st.integers(0, 2**34))
def test_it_is_a_message_whatever_is_known(hash: bytes, subject: str, sender: str, date: int) -> None:
    octets = lost_message(hash, subject, sender, date)
    summary = summarise(octets)
    assert summary.subject.startswith("[lost]")
    assert summary.date == date
    assert summary.size == len(octets)
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert lost_message(b"\0" * 32, subject, sender, date) != octets or hash == b"\0" * 32


def test_it_tells_what_is_known() -> None:
    octets = lost_message(b"\1" * 32, "Grüße", "anna@example.org", 1_000_000_000)
    assert b"anna@example.org" in octets
    assert summarise(octets).subject == "[lost] Grüße"
    assert b"01" * 32 in octets.replace(b"=\r\n", b"")
