"""Fifty IMAP clients on mailboxes of 1,000 messages, each sending one command after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.bench.client import Client, letter
from tests.bench.figures import Figure
from tests.bench.imap_load import Session, drive, drive_paced
from tests.bench.installation import Installation
from tests.bench.meter import Meter
from tests.bench.seed import fill_all

CLIENTS, MESSAGES, SECONDS = 50, 1_000, 8.0
PASSWORD = "bench-password"
SHOWN = ("broker", "database", "imap", "storage")


def run(house: Installation, clients: int = CLIENTS, messages: int = MESSAGES) -> list[Figure]:
    with logged_in(house, clients, messages) as sessions:
        return run_all(house, sessions, SECONDS)


@contextmanager
def logged_in(house: Installation, clients: int, messages: int) -> Iterator[list[Session]]:
    """Clients that have their full INBOX selected."""
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
        yield sessions


def run_all(house: Installation, sessions: Sequence[Session], seconds: float) -> list[Figure]:
    """As fast as commands are answered."""
    meter = Meter(house)
    done = drive(sessions, seconds)
    rate = done / meter.seconds
    return [
        Figure(f"IMAP commands per second, {len(sessions)} clients, mixed", rate, "/s", 4000),
        *meter.price("server CPU per command", done, 0.35, SHOWN),
    ]


def run_paced(house: Installation, sessions: Sequence[Session], rate: float, seconds: float) -> list[Figure]:
    """So many commands a second, as long as there are clients that wait for no answer."""
    meter = Meter(house)
    done = drive_paced(sessions, rate, seconds)
    reached = done / meter.seconds
    return [
        Figure("IMAP commands per second, all that were offered, mixed", reached, "/s"),
        *meter.price("server CPU per command", done, 0.35, SHOWN),
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
