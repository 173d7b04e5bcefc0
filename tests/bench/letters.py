"""Letters in over SMTP, one a session, until the last is visible by IMAP."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.smtp_load import dialogue, send_all

LETTERS, SESSIONS, ACCOUNTS, SIZE = 5_000, 20, 50, 4_096
PASSWORD = "bench-password"
SHOWN = ("broker", "database", "delivery", "smtp", "storage")


def run(house: Installation, letters: int = LETTERS, sessions: int = SESSIONS) -> list[Figure]:
    addresses = house.add_accounts([f"load{number}" for number in range(ACCOUNTS)], PASSWORD)
    with ExitStack() as stack:
        readers = [stack.enter_context(reader(house, address)) for address in addresses]
        before, by_service, started = house.cpu_seconds(), house.cpu_by_service(), time.perf_counter()
        send_all(
            house.ports["smtp"],
            (dialogue(addresses[number % ACCOUNTS], number, SIZE) for number in range(letters)),
            sessions,
        )
        accepted = time.perf_counter() - started
        wait_visible(readers, letters // ACCOUNTS)
        elapsed, used = time.perf_counter() - started, house.cpu_seconds() - before
    shares = [
        Figure(f"  of it {service}", (seconds - by_service.get(service, 0.0)) / letters * 1000, "ms")
        for service, seconds in sorted(house.cpu_by_service().items())
        if service in SHOWN
    ]
    return [
        Figure(f"letters of 4 KB accepted per second ({sessions} sessions)", letters / accepted, "/s"),
        Figure("letters of 4 KB filed per second, until visible", letters / elapsed, "/s", 1000),
        Figure("server CPU per letter, all processes", used / letters * 1000, "ms", 1.5, at_most=True),
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


def reader(house: Installation, address: str) -> Client:
    """A logged-in IMAP session."""
    client = Client(house.ports["imap"])
    client.line()
    client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
    return client


def wait_visible(readers: list[Client], each: int) -> None:
    """Until every INBOX holds ``each`` messages, asked by IMAP."""
    for client in readers:
        while True:
            reply = client.imap(b"b", b"STATUS INBOX (MESSAGES)")
            if int(reply.partition(b"MESSAGES ")[2].partition(b")")[0]) >= each:
                break
            time.sleep(0.005)
