"""SEARCH, SORT and THREAD in a mailbox of 20,000 messages in conversations of four."""

from __future__ import annotations

import os
import random
import signal
import statistics
import time

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.seed import fill
from tests.support.house import House

MESSAGES = 20_000
PASSWORD = "bench-password"
CONVERSATION = 4
RARE = "xylotomous"  # in four of the letters
COMMANDS = (  # figure, command, most milliseconds
    ("SEARCH BODY of a rare word", b"SEARCH BODY " + RARE.encode(), 15.0),
    ("SEARCH BODY of a part of it", b"SEARCH BODY ylotomou", 15.0),
    ("SEARCH BODY of what is nowhere", b'SEARCH BODY "no such phrase"', 15.0),
    ("SEARCH SUBJECT", b'SEARCH SUBJECT "conversation 1234"', 10.0),
)
COLD = (
    ("SORT (DATE), cold", b"SORT (DATE) UTF-8 ALL", 60.0),
    ("THREAD REFERENCES, cold", b"THREAD REFERENCES UTF-8 ALL", 60.0),
)


def run(house: House) -> list[Figure]:
    (address,) = house.add_accounts(["search"], PASSWORD)
    fill(house, address, PASSWORD, MESSAGES, letters=Letters(address))
    house.settle()
    figures = []
    for name, command, most in COLD:
        _forget(house)
        figures.append(Figure(f"{name}, of 20,000", _seconds(house, address, command, 1) * 1000, "ms", most, True))
    for name, command, most in COMMANDS:
        figures.append(Figure(f"{name}, of 20,000", _seconds(house, address, command, 9) * 1000, "ms", most, True))
    return figures


class Letters:
    """Letters by number, of 1,500 octets and words out of 30,000, the common ones more often."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._random = random.Random(20_000)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self._words = ["".join(self._random.choices(letters, k=self._random.randint(2, 10))) for _ in range(30_000)]

    def __call__(self, number: int) -> bytes:
        first = number - number % CONVERSATION
        ids = [f"<{each}.{self._address}>" for each in range(first, number + 1)]
        lines = [
            f"From: Writer {number % 300} <writer{number % 300}@example.net>",
            f"To: <{self._address}>",
            f"Subject: {'Re: ' if number > first else ''}conversation {first // CONVERSATION}",
            f"Date: {1 + number // 1_000} Oct 2026 {self._random.randrange(24):02}:{number % 60:02}:00 +0000",
            f"Message-ID: {ids[-1]}",
            *([f"References: {' '.join(ids[:-1])}"] if number > first else ()),
            "Content-Type: text/plain; charset=utf-8",
            "",
        ]
        for _ in range(15):
            lines.append(" ".join(self._words[int(30_000 * self._random.random() ** 3)] for _ in range(14)))
        if number % (MESSAGES // 4) == 77:
            lines.append(f"And here is {RARE}.")
        return "\r\n".join([*lines, ""]).encode()


def _forget(house: House) -> None:
    """So that no view is warm."""
    for pid in house.pids("imap"):
        os.kill(pid, signal.SIGTERM)
    time.sleep(3)


def _seconds(house: House, address: str, command: bytes, times: int) -> float:
    """The median time of a command, the mailbox being selected."""
    with Client(house.ports["imap"]) as client:
        client.line()
        client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
        client.imap(b"b", b"SELECT INBOX")
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            client.imap(b"c", command)
            taken.append(time.perf_counter() - started)
        return statistics.median(taken)
