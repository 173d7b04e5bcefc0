"""Senders rewritten for a forward lead back, and cannot be made by others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules.srs import DAYS, original, rewrite

SECRET = b"secret"
US = "ours.example"


def back(address: str, day: int, secret: bytes = SECRET) -> str | None:
    return original(address.rpartition("@")[0], secret, day)


@given(st.from_regex(r"[a-z0-9.+_-]{1,20}", fullmatch=True), st.integers(0, 30_000), st.integers(0, DAYS))
def test_there_and_back(local: str, day: int, later: int) -> None:
    sender = f"{local}@sender.example"
    found = rewrite(sender, US, SECRET, day)
    assert found.startswith("srs0=")
    assert found.endswith(f"@{US}")
    assert back(found, day + later) == sender


def test_too_old_forged_or_none_of_ours() -> None:
    found = rewrite("ann@sender.example", US, SECRET, 1000)
    assert back(found, 1000 + DAYS + 1) is None
    assert back(found, 1000, b"other") is None
    assert back(found.replace("ann", "eve"), 1000) is None
    for local in ("", "srs0", "srs0=", "srs0=aaaaaaaa=aa=x.example=y", "srs1=aaaaaaaa=x=y", "ann"):
        assert original(local, SECRET, 1000) is None


def test_second_and_third_hop_lead_to_the_first_forwarder() -> None:
    first = rewrite("ann@sender.example", "one.example", b"one", 1000)
    second = rewrite(first, "two.example", b"two", 1000)
    third = rewrite(second, "three.example", b"three", 1000)
    assert second.startswith("srs1=")
    assert back(second, 1000, b"two") == first
    assert back(third, 1000, b"three") == first
    assert back(first, 1000, b"one") == "ann@sender.example"


def test_what_is_left_alone() -> None:
    long = f"{'x' * 40}@{'y' * 30}.example"
    for sender in ("", f"ann@{US}", '"a b"@sender.example', long):
        assert rewrite(sender, US, SECRET, 1000) == sender


@given(st.text())
def test_nothing_breaks(text: str) -> None:
    rewrite(text, US, SECRET, 1)
    original(text, SECRET, 1)
