"""What 2,000 sessions in IDLE weigh, and 500 more under TLS, and how soon they hear of a new letter."""

from __future__ import annotations

import ssl
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.letters import send
from tests.support.house import House

SESSIONS, SECURE, LETTERS = 2_000, 500, 100
PASSWORD = "bench-password"


def run(house: House) -> list[Figure]:
    addresses = house.add_accounts([f"idle{number}" for number in range(SESSIONS)], PASSWORD, hashed=False)
    warm = idle(house, addresses[0])
    before = proportional_set(house)
    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(partial(idle, house), addresses[1:]))
    after = proportional_set(house)
    context = ssl.create_default_context(cafile=str(house.authority))
    secure = [idle(house, address, context) for address in addresses[:SECURE]]
    with_secure = proportional_set(house)
    chosen = range(0, len(sessions), len(sessions) // LETTERS)[:LETTERS]
    delays = [push(house, sessions[number], addresses[1 + number]) for number in chosen]
    for session in [warm, *sessions, *secure]:
        session.send(b"DONE\r\n")
    return [
        Figure(
            "PSS per IDLE session, 2,000 sessions", (after - before) / len(sessions) / 1024, "KB", 20, at_most=True
        ),
        Figure("PSS per IDLE session under TLS, 500 sessions", (with_secure - after) / SECURE / 1024, "KB", 50, True),
        Figure("250 of a letter to EXISTS in IDLE, median", statistics.median(delays) * 1000, "ms", 10, at_most=True),
        Figure(
            "250 of a letter to EXISTS in IDLE, 95th of 100", sorted(delays)[len(delays) * 95 // 100 - 1] * 1000, "ms"
        ),
    ]


def idle(house: House, address: str, context: ssl.SSLContext | None = None) -> Client:
    client = Client(house.ports["imaps" if context else "imap"], context)
    client.line()
    client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
    client.imap(b"b", b"SELECT INBOX")
    client.send(b"c IDLE\r\n")
    client.line()
    return client


def push(house: House, session: Client, address: str) -> float:
    """Seconds from the 250 of a letter to the untagged EXISTS of a session in IDLE."""
    send(house.ports["smtp"], address, 1)
    started = time.perf_counter()
    session.until(b" EXISTS\r\n")
    return max(0.0, time.perf_counter() - started)


def proportional_set(house: House) -> int:
    """PSS of all IMAP processes, octets."""
    total = 0
    for pid in house.pids("imap"):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total
