"""Mailboxes filled before the clock runs, by IMAP APPEND with MULTIAPPEND and LITERAL+."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.bench.client import Client, letter
from tests.bench.installation import Installation

WINDOW = 50  # letters in one command


def fill(
    house: Installation,
    address: str,
    password: str,
    count: int,
    size: int = 4_096,
    letters: Callable[[int], bytes] | None = None,
) -> None:
    """``count`` letters into INBOX: of ``size`` octets, or what ``letters`` gives for their numbers."""
    with Client(house.ports["imap"]) as client:
        client.line()
        client.imap(b"a", f"LOGIN {address} {password}".encode())
        for start in range(0, count, WINDOW):
            numbers = range(start, min(start + WINDOW, count))
            parts = [b"x APPEND INBOX"]
            for number in numbers:
                octets = letters(number) if letters else letter(size, number, address)
                parts.append(b" {%d+}\r\n%s" % (len(octets), octets))
            client.send(b"".join([*parts, b"\r\n"]))
            client.tagged(b"x")


def fill_all(house: Installation, addresses: list[str], password: str, count: int, size: int = 4_096) -> None:
    """``count`` letters into every account's INBOX, and what the installation does behind them is done as well."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda address: fill(house, address, password, count, size), addresses))
    house.settle()
