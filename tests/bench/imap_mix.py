"""Fifty IMAP clients on mailboxes of 1,000 messages, each sending one command after the other."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from functools import partial

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.bench.imap_load import Session, drive
from tests.bench.installation import Installation
from tests.bench.seed import fill_all

CLIENTS, MESSAGES, SECONDS = 50, 1_000, 8.0
PASSWORD = "bench-password"
SHOWN = ("broker", "database", "imap", "storage")


def run(house: Installation, clients: int = CLIENTS, messages: int = MESSAGES) -> list[Figure]:
    addresses = house.add_accounts([f"mix{number}" for number in range(clients)], PASSWORD)
    fill_all(house, addresses, PASSWORD, messages)
    with ExitStack() as stack:
        sessions = []
        for index, address in enumerate(addresses):
            client = stack.enter_context(Client(house.ports["imap"]))
            client.line()
            client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
            client.imap(b"a", b"SELECT INBOX")
            sessions.append(Session(client, partial(command, random.Random(index), address, messages)))
        before, by_service, started = house.cpu_seconds(), house.cpu_by_service(), time.perf_counter()
        done = drive(sessions, SECONDS)
        elapsed, used = time.perf_counter() - started, house.cpu_seconds() - before
    shares = [
        Figure(f"  of it {service}", (seconds - by_service.get(service, 0.0)) / done * 1000, "ms")
        for service, seconds in sorted(house.cpu_by_service().items())
        if service in SHOWN
    ]
    return [
        Figure(f"IMAP commands per second, {clients} clients, mixed", done / elapsed, "/s", 4000),
        Figure("server CPU per command", used / done * 1000, "ms", 0.35, at_most=True),
        *shares,
    ]


def command(dice: random.Random, address: str, messages: int = MESSAGES) -> bytes:
    """One command, in per cent: SELECT 5, flags 20, BODY[] 25, STORE 15, SEARCH 10, APPEND 5, NOOP 15, EXPUNGE 5."""
    roll, number = dice.random() * 100, dice.randint(1, messages - 100)
    if roll < 5:
        return b"SELECT INBOX"
    if roll < 25:
        return b"FETCH %d:%d (FLAGS)" % (number, number + 50)
    if roll < 50:
        return b"FETCH %d (BODY[])" % number
    if roll < 65:
        return b"STORE %d %sFLAGS (\\Flagged)" % (number, dice.choice((b"+", b"-")))
    if roll < 75:
        return b"SEARCH UNSEEN FLAGGED"
    if roll < 80:
        octets = letter(4_096, dice.getrandbits(40), address)
        return b"APPEND INBOX (\\Deleted) {%d+}\r\n%s" % (len(octets), octets)
    return b"NOOP" if roll < 95 else b"EXPUNGE"
