"""Letters in over SMTP, one a session, until the last is visible by IMAP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.meter import Meter
from tests.bench.smtp_load import dialogue, send_all, send_paced

LETTERS, SESSIONS, ACCOUNTS, SIZE = 5_000, 20, 50, 4_096
PASSWORD = "bench-password"
SHOWN = ("broker", "database", "delivery", "smtp", "storage")


def run(house: Installation, letters: int = LETTERS, sessions: int = SESSIONS) -> list[Figure]:
    """As fast as they are taken."""
    port = house.ports["smtp"]
    accepted, filed, price = _measure(house, "load", letters, lambda dialogues: send_all(port, dialogues, sessions))
    return [
        Figure(f"letters of 4 KB accepted per second ({sessions} sessions)", letters / accepted, "/s"),
        Figure("letters of 4 KB filed per second, until visible", letters / filed, "/s", 1000),
        *price,
    ]


def run_paced(house: Installation, rate: float, seconds: float) -> list[Figure]:
    """So many a second, whether the ones before are taken or not."""
    letters = round(rate * seconds / ACCOUNTS) * ACCOUNTS
    port = house.ports["smtp"]
    accepted, _, price = _measure(house, "paced", letters, lambda dialogues: send_paced(port, dialogues, rate))
    return [Figure("letters of 4 KB accepted per second, all that were offered", letters / accepted, "/s"), *price]


def _measure(
    house: Installation, prefix: str, letters: int, send_them: Callable[[Iterator[Iterator[bytes]]], None]
) -> tuple[float, float, list[Figure]]:
    """Seconds until all are accepted and until all are visible, and what one has cost.

    ``prefix`` begins the names of the accounts that get them, which must be new.
    """
    addresses = house.add_accounts([f"{prefix}{number}" for number in range(ACCOUNTS)], PASSWORD)
    with ExitStack() as stack:
        readers = [stack.enter_context(reader(house, address)) for address in addresses]
        meter = Meter(house)
        send_them(dialogue(addresses[number % ACCOUNTS], number, SIZE) for number in range(letters))
        accepted = meter.seconds
        wait_visible(readers, letters // ACCOUNTS)
        filed = meter.seconds
        return accepted, filed, meter.price("server CPU per letter, all processes", letters, 1.5, SHOWN)


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
