"""Fifty POP3 accounts with 200 letters each, 20 at a time: RETR and DELE all."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.seed import fill_all

ACCOUNTS, LETTERS, SESSIONS = 50, 200, 20
PASSWORD = "bench-password"


def run(house: Installation) -> list[Figure]:
    addresses = house.add_accounts([f"pop{number}" for number in range(ACCOUNTS)], PASSWORD)
    fill_all(house, addresses, PASSWORD, LETTERS)
    before, started = house.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(SESSIONS) as pool:
        list(pool.map(lambda address: drain(house.ports["pop3"], address), addresses))
    elapsed, used, done = time.perf_counter() - started, house.cpu_seconds() - before, ACCOUNTS * LETTERS
    return [
        Figure("POP3 letters of 4 KB per second, RETR and DELE", done / elapsed, "/s", 7500),
        Figure("server CPU per letter drained", used / done * 1000, "ms"),
    ]


def drain(port: int, address: str) -> None:
    with Client(port) as client:
        client.line()
        client.pop3(b"USER " + address.encode())
        client.pop3(b"PASS " + PASSWORD.encode())
        count = int(client.pop3(b"STAT").split()[1])
        for number in range(1, count + 1):
            client.pop3(b"RETR %d" % number)
            client.until(b"\r\n.\r\n")
            client.pop3(b"DELE %d" % number)
        client.pop3(b"QUIT")
