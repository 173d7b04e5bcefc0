"""Tickets: one body, one direction, a short time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.blobs.tickets import Direction, Tickets

TICKETS = Tickets(b"secret", "http://data:1/", lambda: 1_000.0, 60)


def _text(url: str) -> str:
    return url.rpartition("/")[2]


def test_what_was_signed_is_read_back() -> None:
    url = TICKETS.upload_url("01UPLOAD", 500)
    assert url.startswith("http://data:1/upload/")
    ticket = TICKETS.read(_text(url), Direction.UPLOAD)
    assert ticket is not None
    assert (ticket.subject, ticket.octets, ticket.expires) == ("01UPLOAD", 500, 1_060)


def test_the_other_direction_and_a_later_time_are_refused() -> None:
    text = _text(TICKETS.download_url("ab/cd", 10))
    assert TICKETS.read(text, Direction.UPLOAD) is None
    later = Tickets(b"secret", "", lambda: 1_061.0, 60)
    assert later.read(text, Direction.DOWNLOAD) is None
    assert Tickets(b"other", "", lambda: 0.0, 60).read(text, Direction.DOWNLOAD) is None


@pytest.mark.parametrize("text", ["", ".", "é.é", "a.b.c"])
def test_broken_ones_are_none(text: str) -> None:
    assert TICKETS.read(text, Direction.UPLOAD) is None


@given(st.text(max_size=100))
def test_any_text_is_a_ticket_or_none(text: str) -> None:
    assert TICKETS.read(text, Direction.DOWNLOAD) is None
