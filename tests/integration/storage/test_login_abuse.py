"""Guessing, spraying and flooding at the door of all protocols: abuse cases 25 to 27."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from statistics import median
from time import process_time

import psutil
import pytest
import trio

from services.storage import config
from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.errors import Code, Refused
from tests.support.running_storage import PASSWORD, SETTINGS, running_storage

FRONTS = (("smtp", "1"), ("imap", "1"), ("imap", "2"), ("pop3", "1"))
MIB = 1024 * 1024


async def attempt(bus: Bus, user: str, password: str, remote: str) -> str:
    """What became of one login: "ok", or the code of the refusal."""
    try:
        await bus.call(directory.login, directory.Login("PLAIN", user, password, "", remote, "session"))
    except Refused as refused:
        return refused.code.value
    return "ok"


async def test_case_25_one_count_for_all_replicas_and_protocols(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        fronts = cycle([storage.broker.connect(service, f"r{replica}") for service, replica in FRONTS])
        found: Counter[str] = Counter()
        for number in range(200):
            remote = f"192.0.2.{number % 100}"
            found[await attempt(next(fronts), "ann@example.org", f"guess {number}", remote)] += 1
        limit = config.Login().failures_per_user
        assert found == {Code.LOGIN_FAILED.value: limit, Code.THROTTLED.value: 200 - limit}
        for front in (next(fronts) for _ in FRONTS):
            assert await attempt(front, "ann@example.org", PASSWORD, "192.0.2.1") == Code.THROTTLED.value
            assert await attempt(front, "ann@example.org", PASSWORD, "198.51.100.1") == "ok"


async def test_case_25_each_failure_in_a_row_costs_more(tmp_path: Path) -> None:
    settings = replace(SETTINGS, login=config.Login(delays=("0.05", "0.1", "0.2")))
    async with running_storage(tmp_path, settings) as storage:
        await storage.add_accounts("ann@example.org")
        await attempt(storage.bus("imap"), "ann@example.org", PASSWORD, "198.51.100.1")
        for number, least in enumerate((0.05, 0.1, 0.2, 0.2)):
            began = trio.current_time()
            front = storage.bus("imap" if number % 2 else "pop3")
            assert await attempt(front, "ann@example.org", f"guess {number}", "192.0.2.1") == "login-failed"
            assert trio.current_time() - began >= least


@pytest.mark.parametrize("form", ["192.0.2.{}", "2001:db8:0:{:x}::1"], ids=["IPv4", "IPv6"])
async def test_case_26_one_password_for_many_users_is_stopped_by_network(tmp_path: Path, form: str) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        found = [
            await attempt(storage.bus("imap"), f"user{number}@example.org", "Spring2026!", form.format(number))
            for number in range(100)
        ]
        tried = found.count(Code.LOGIN_FAILED.value)
        assert tried <= 10
        assert found[tried:] == [Code.THROTTLED.value] * (100 - tried)
        assert await attempt(storage.bus("imap"), "ann@example.org", PASSWORD, "198.51.100.1") == "ok"


async def test_case_24_unknown_and_disabled_names_cost_a_password_of_their_own(tmp_path: Path) -> None:
    """Processor time of this process, in which storage runs, since time on the wall is shared with others."""
    settings = replace(SETTINGS, login=config.Login(delays=("0",), trusted=("0.0.0.0/0",)))
    async with running_storage(tmp_path, settings) as storage:
        await storage.add_accounts("ann@example.org", "dan@example.org")
        front = storage.bus("imap")
        for name in ("ann", "dan"):  # from now on they are real hashes
            assert await attempt(front, f"{name}@example.org", PASSWORD, "198.51.100.1") == "ok"
        await storage.bus("admin").call(directory.account_set, directory.AccountSet("dan@example.org", enabled=False))
        spent: dict[str, list[float]] = {"ann": [], "dan": [], "eve": []}
        for number in range(25):
            for name, taken in spent.items():
                began = process_time()
                assert await attempt(front, f"{name}@example.org", f"guess {number}", "192.0.2.1") == "login-failed"
                taken.append(process_time() - began)
        known, disabled, unknown = (median(taken) for taken in spent.values())
        assert abs(known - unknown) < 0.15 * known, spent
        assert abs(known - disabled) < 0.15 * known, spent


async def test_case_27_a_flood_of_logins_waits_for_its_turn_in_bounded_memory(tmp_path: Path) -> None:
    hashing, wait = 2, 1.0
    settings = replace(SETTINGS, login=config.Login(delays=("0",), hashing=hashing, hashing_wait=wait))
    async with running_storage(tmp_path, settings) as storage:
        await storage.add_accounts("ann@example.org")
        await attempt(
            storage.bus("imap"), "ann@example.org", PASSWORD, "198.51.100.1"
        )  # from now on it is a real hash
        base, most, found = psutil.Process(os.getpid()).memory_info().rss, 0, Counter[str]()
        began = trio.current_time()

        async def one(number: int) -> None:
            nonlocal most
            remote = f"10.{number}.0.1"
            found[await attempt(storage.bus("imap"), "ann@example.org", f"wrong {number}", remote)] += 1
            most = max(most, psutil.Process(os.getpid()).memory_info().rss)

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(one, number)
        assert set(found) <= {Code.LOGIN_FAILED.value, Code.UNAVAILABLE.value}
        assert found[Code.LOGIN_FAILED.value] >= hashing
        assert trio.current_time() - began < wait + 9
        assert most - base < (hashing * 20 + 40) * MIB
        assert await attempt(storage.bus("imap"), "ann@example.org", PASSWORD, "198.51.100.1") == "ok"
