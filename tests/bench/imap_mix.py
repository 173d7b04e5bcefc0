"""Fifty IMAP clients on mailboxes of 1,000 messages, each sending one command after the other."""

from __future__ import annotations

import random
import threading
import time

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.bench.seed import fill_all
from tests.support.house import House

CLIENTS, MESSAGES, SECONDS = 50, 1_000, 8.0
PASSWORD = "bench-password"


def run(house: House) -> list[Figure]:
    addresses = house.add_accounts([f"mix{number}" for number in range(CLIENTS)], PASSWORD)
    fill_all(house, addresses, PASSWORD, MESSAGES)
    counts = [0] * CLIENTS
    barrier = threading.Barrier(CLIENTS + 1)
    stop = threading.Event()

    def client(index: int) -> None:
        dice = random.Random(index)
        with Client(house.ports["imap"]) as connection:
            connection.line()
            connection.imap(b"a", f"LOGIN {addresses[index]} {PASSWORD}".encode())
            connection.imap(b"a", b"SELECT INBOX")
            barrier.wait()
            while not stop.is_set():
                command(connection, dice, addresses[index])
                counts[index] += 1

    threads = [threading.Thread(target=client, args=(index,)) for index in range(CLIENTS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    before, by_service, started = house.cpu_seconds(), house.cpu_by_service(), time.perf_counter()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    elapsed, used, done = time.perf_counter() - started, house.cpu_seconds() - before, sum(counts)
    shares = [
        Figure(f"  of it {service}", (seconds - by_service.get(service, 0.0)) / done * 1000, "ms")
        for service, seconds in sorted(house.cpu_by_service().items())
        if service in ("broker", "imap", "storage")
    ]
    return [
        Figure("IMAP commands per second, 50 clients, mixed", done / elapsed, "/s", 4000),
        Figure("server CPU per command", used / done * 1000, "ms", 0.35, at_most=True),
        *shares,
    ]


def command(connection: Client, dice: random.Random, address: str) -> None:
    """One command, in per cent: SELECT 5, flags 20, BODY[] 25, STORE 15, SEARCH 10, APPEND 5, NOOP 15, EXPUNGE 5."""
    roll, number = dice.random() * 100, dice.randint(1, MESSAGES - 100)
    if roll < 5:
        connection.imap(b"b", b"SELECT INBOX")
    elif roll < 25:
        connection.imap(b"b", b"FETCH %d:%d (FLAGS)" % (number, number + 50))
    elif roll < 50:
        connection.imap(b"b", b"FETCH %d (BODY[])" % number)
    elif roll < 65:
        connection.imap(b"b", b"STORE %d %sFLAGS (\\Flagged)" % (number, dice.choice((b"+", b"-"))))
    elif roll < 75:
        connection.imap(b"b", b"SEARCH UNSEEN FLAGGED")
    elif roll < 80:
        octets = letter(4_096, dice.getrandbits(40), address)
        connection.imap(b"b", b"APPEND INBOX (\\Deleted) {%d+}\r\n%s" % (len(octets), octets))
    elif roll < 95:
        connection.imap(b"b", b"NOOP")
    else:
        connection.imap(b"b", b"EXPUNGE")
