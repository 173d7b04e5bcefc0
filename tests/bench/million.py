"""SELECT of 1,000,000 messages, which nobody had selected before."""

from __future__ import annotations

import time

from tests.bench.figures import Figure
from tests.support.house import House
from tests.support.million import MESSAGES, fill_inbox, forget_highest, logged_in, resident

PASSWORD = "bench-password"


def run(house: House) -> list[Figure]:
    (address,) = house.add_accounts(["million"], PASSWORD)
    fill_inbox(house, address, PASSWORD)
    with logged_in(house, address, PASSWORD) as client:
        client.imap(b"a", b"SELECT Sent")
        before = {pid: resident(pid) for pid in house.pids("imap")}
        for pid in before:
            forget_highest(pid)
        started = time.perf_counter()
        answer = client.imap(b"b", b"SELECT INBOX")
        seconds = time.perf_counter() - started
        assert b"* %d EXISTS\r\n" % MESSAGES in answer
        grown = max(resident(pid, highest=True) - was for pid, was in before.items())
    return [
        Figure("SELECT of 1,000,000 messages, first time", seconds * 1000, "ms", 1000, at_most=True),
        Figure("  memory of the IMAP process for it", grown / 2**20, "MiB", 32, at_most=True),
    ]
