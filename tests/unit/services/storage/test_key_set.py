"""An issuer's keys: read again in time, and kept when they cannot be."""

from __future__ import annotations

from pathlib import Path

import structlog

from services.storage.bearers import HURRY, RENEW, KeySet
from tests.unit.services.storage.rules.test_tokens import key_set


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def ids(keys: KeySet, *, hurry: bool = False) -> set[str]:
    return {key.id for key in await keys.keys(hurry=hurry)}


async def test_keys_are_read_again_now_and_then_and_sooner_for_an_unknown_one(tmp_path: Path) -> None:
    file, clock = tmp_path / "keys.json", Clock()
    file.write_text(key_set())
    keys = KeySet(str(file), clock, structlog.get_logger())
    assert await ids(keys) == {"rsa", "ec", "ed"}
    file.write_text(key_set(kid="new"))
    clock.now += HURRY - 1
    assert await ids(keys, hurry=True) == {"rsa", "ec", "ed"}
    clock.now += 1
    assert await ids(keys) == {"rsa", "ec", "ed"}
    assert await ids(keys, hurry=True) == {"new"}
    file.write_text(key_set())
    clock.now += RENEW
    assert await ids(keys) == {"rsa", "ec", "ed"}


async def test_keys_that_cannot_be_read_leave_the_old_ones(tmp_path: Path) -> None:
    file, clock = tmp_path / "keys.json", Clock()
    file.write_text(key_set())
    keys = KeySet(str(file), clock, structlog.get_logger())
    known = await ids(keys)
    for damage in (lambda: file.write_text("not JSON"), file.unlink):
        damage()
        clock.now += RENEW
        assert await ids(keys) == known


async def test_a_plain_url_is_not_followed(tmp_path: Path) -> None:
    keys = KeySet("http://127.0.0.1:1/keys", Clock(), structlog.get_logger())
    assert await ids(keys) == set()
