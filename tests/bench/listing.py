"""One listing of a mailbox of 20,000 messages, the first time and again."""

from __future__ import annotations

import os
import signal
import time

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.installation import Installation
from tests.bench.seed import fill

MESSAGES = 20_000
PASSWORD = "bench-password"
ASKED = b"UID FETCH 1:* (UID FLAGS ENVELOPE INTERNALDATE RFC822.SIZE BODYSTRUCTURE)"


def run(house: Installation) -> list[Figure]:
    (address,) = house.add_accounts(["listing"], PASSWORD)
    fill(house, address, PASSWORD, MESSAGES, 1_500)
    house.settle()
    for pid in house.pids("imap"):  # so that no view of it is warm
        os.kill(pid, signal.SIGTERM)
    time.sleep(3)
    first, octets = listing(house, address)
    again, _ = listing(house, address)
    return [
        Figure("listing of 20,000 messages, first time", first * 1000, "ms", 300, at_most=True),
        Figure("listing of 20,000 messages, again", again * 1000, "ms", 250, at_most=True),
        Figure("  octets of a listing", octets / 1e6, "MB"),
    ]


def listing(house: Installation, address: str) -> tuple[float, int]:
    """Seconds from SELECT's answer to the end of the listing, and its octets."""
    with Client(house.ports["imap"]) as client:
        client.line()
        client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
        client.imap(b"b", b"SELECT INBOX")
        started = time.perf_counter()
        client.send(b"c " + ASKED + b"\r\n")
        chunks, tail = 0, b""
        while b"\r\nc OK" not in tail:
            got = client.receive()
            chunks += len(got)
            tail = (tail + got)[-200:]
        return time.perf_counter() - started, chunks
