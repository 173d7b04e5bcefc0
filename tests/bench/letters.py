"""Letters in over SMTP, one a session, until the last is visible by IMAP."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.support.house import House

LETTERS, SESSIONS, ACCOUNTS, SIZE = 5_000, 20, 50, 4_096
PASSWORD = "bench-password"


def run(house: House) -> list[Figure]:
    addresses = house.add_accounts([f"load{number}" for number in range(ACCOUNTS)], PASSWORD)
    before = house.cpu_seconds()
    by_service = house.cpu_by_service()
    started = time.perf_counter()
    numbers = iter(range(LETTERS))
    lock = threading.Lock()

    def session() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            send(house.ports["smtp"], addresses[number % ACCOUNTS], number)

    with ThreadPoolExecutor(SESSIONS) as pool:
        for future in [pool.submit(session) for _ in range(SESSIONS)]:
            future.result()
    accepted = time.perf_counter() - started
    wait_visible(house, addresses, LETTERS // ACCOUNTS)
    elapsed = time.perf_counter() - started
    used = house.cpu_seconds() - before
    shares = [
        Figure(f"  of it {service}", (seconds - by_service.get(service, 0.0)) / LETTERS * 1000, "ms")
        for service, seconds in sorted(house.cpu_by_service().items())
        if service in ("broker", "delivery", "smtp", "storage")
    ]
    return [
        Figure("letters of 4 KB accepted per second (20 sessions)", LETTERS / accepted, "/s"),
        Figure("letters of 4 KB filed per second, until visible", LETTERS / elapsed, "/s", 1000),
        Figure("server CPU per letter, all processes", used / LETTERS * 1000, "ms", 1.5, at_most=True),
        *shares,
    ]


def send(port: int, address: str, number: int, size: int = SIZE) -> None:
    """One letter in one session."""
    with Client(port) as client:
        client.reply()
        client.smtp(b"EHLO load.example.net")
        client.smtp(b"MAIL FROM:<load@example.net>")
        client.smtp(b"RCPT TO:<" + address.encode() + b">")
        client.smtp(b"DATA")
        client.smtp(letter(size, number, address) + b".")
        client.smtp(b"QUIT")


def wait_visible(house: House, addresses: list[str], each: int) -> None:
    """Until every INBOX holds ``each`` messages, asked by IMAP."""
    for address in addresses:
        with Client(house.ports["imap"]) as client:
            client.line()
            client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
            while True:
                reply = client.imap(b"b", b"STATUS INBOX (MESSAGES)")
                if int(reply.partition(b"MESSAGES ")[2].partition(b")")[0]) >= each:
                    break
                time.sleep(0.005)
