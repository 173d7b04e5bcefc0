"""One letter of 25 MB: in over SMTP until it is visible, out by IMAP; and how much any process grows by it."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.letters import PASSWORD, reader, wait_visible
from tests.support.house import House

SIZE = 25 * 1024 * 1024


def run(house: House, where: str = "") -> list[Figure]:
    """``where`` bodies are kept, for the names of the figures."""
    (address,) = house.add_accounts(["large"], PASSWORD)
    octets = attachment(address)
    before = peaks(house)
    started = time.perf_counter()
    with reader(house, address) as watcher, Client(house.ports["smtp"]) as client:
        client.reply()
        client.smtp(b"EHLO load.example.net")
        client.smtp(b"MAIL FROM:<load@example.net> SIZE=%d" % len(octets))
        client.smtp(b"RCPT TO:<" + address.encode() + b">")
        client.smtp(b"DATA")
        client.send(octets)
        client.smtp(b".")
        wait_visible([watcher], 1)
    inward = len(octets) / (time.perf_counter() - started) / 1e6
    outward = read(house, address)
    grown = max(after - before.get(pid, after) for pid, after in peaks(house).items())
    return [
        Figure(f"one letter of 25 MB{where}, SMTP in until visible", inward, "MB/s", 80),
        Figure(f"one letter of 25 MB{where}, IMAP BODY[] out", outward, "MB/s", 150),
        Figure(f"growth of the process that grows most{where}", grown / 1e6, "MB", 16, at_most=True),
    ]


def attachment(address: str) -> bytes:
    """A letter with one large attachment, in base64."""
    lines = base64.encodebytes(os.urandom(SIZE * 3 // 4)).replace(b"\n", b"\r\n")
    head = (
        f"From: <load@example.net>\r\nTo: <{address}>\r\nSubject: large\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="edge"\r\n\r\n--edge\r\n\r\nSee the file.\r\n--edge\r\n'
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    return head + lines + b"--edge--\r\n"


def read(house: House, address: str) -> float:
    """MB per second of one FETCH BODY[]."""
    with Client(house.ports["imap"]) as client:
        client.line()
        client.imap(b"a", f"LOGIN {address} {PASSWORD}".encode())
        client.imap(b"b", b"SELECT INBOX")
        started = time.perf_counter()
        client.send(b"c FETCH 1 (BODY.PEEK[])\r\n")
        size = int(client.until(b"}\r\n").rpartition(b"{")[2][:-3])
        client.take(size)
        client.until(b"c OK")
        return size / (time.perf_counter() - started) / 1e6


def peaks(house: House) -> dict[int, int]:
    """The peak resident set of every process so far, octets."""
    found: dict[int, int] = {}
    for process in house.processes():
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                found[process.pid] = int(line.split()[1]) * 1024
    return found
