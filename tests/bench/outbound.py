"""The way out: letters that wait in the spool, let go all at once, and taken by a sink; the same with Postfix.

Each destination is an address of its own on loopback, which both servers know as the way to its domain; behind all
of them is one sink (smtp-sink). Only the way out is measured, from the first letter in the sink to the last. Without
a Postfix there is neither sink nor comparison, and nothing is measured.

Where others use the machine as well, a server of many processes gets more of it: the CPU of a letter tells then.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.client import letter
from tests.bench.figures import Figure
from tests.bench.smtp_load import send_all
from tests.support.house import House, running_house, until
from tests.support.ports import free_port
from tests.support.postfix import Postfix, is_installed, running_postfix

LETTERS, SIZE, SESSIONS = 2_000, 4_096, 10
DESTINATIONS = (1, 10, 1_000)
HOLD = 7 * 86_400  # seconds: nothing leaves before it is let go
PATIENCE = 300.0
TAIL = 4_096  # octets of the sink's record that hold its last count
SMTP_SINK = "/usr/sbin/smtp-sink"
SETTINGS = """
[limits]
connections_per_address = 100000
connections = 100000
"""
ROUTE = """
[[delivery.outbound.routes]]
domain = "{domain}"
host = "[{address}]"
port = {port}
"""
POSTFIX = """
default_destination_concurrency_limit = 20
smtp_destination_concurrency_limit = 20
default_process_limit = 100
smtpd_recipient_restrictions = check_client_access static:HOLD
qmgr_message_active_limit = 20000
smtp_connection_cache_on_demand = yes
"""


class Sink:
    """Takes everything; ``count`` letters so far."""

    def __init__(self, port: int, record: Path) -> None:
        self.port = port
        self._record = record

    def count(self) -> int:
        with self._record.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            found = re.findall(rb"mesg= *(\d+)", file.read())
        return int(found[-1]) if found else 0


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Postfix's own sink, which costs next to nothing, in a process of its own; on all addresses of loopback."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        record = Path(folder, "letters")
        with record.open("wb") as file:
            process = subprocess.Popen([SMTP_SINK, "-4", "-u", "nobody", "-c", f":{port}", "1000"], stdout=file)
            try:
                until(lambda: _listens(port), 20)
                yield Sink(port, record)
            finally:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    return any(each.laddr[1:] == (port,) for each in psutil.net_connections("tcp4") if each.status == "LISTEN")


def run(house: House) -> list[Figure]:
    """Needs installations of its own: the one given stays idle."""
    figures: list[Figure] = []
    if not is_installed():
        return figures
    for number in DESTINATIONS:
        ours = _eilpost(number)
        theirs = _postfix(number)
        figures += [
            Figure(f"outbound letters/s, {number} destinations", ours.rate, "1/s"),
            Figure("  Postfix", theirs.rate, "1/s"),
            Figure("  times Postfix", ours.rate / theirs.rate, "", 3.0),
            Figure("  CPU per letter", ours.cpu * 1000, "ms"),
            Figure("  CPU per letter, Postfix", theirs.cpu * 1000, "ms"),
        ]
    return figures


class Pace:
    """How fast letters arrive, and what they cost; ``used`` is the CPU of the sender so far, in seconds."""

    def __init__(self, sink: Sink, used: Callable[[], float], let_go: Callable[[], object]) -> None:
        before = used()
        let_go()
        first, began = _arrived(sink, 1)
        last, ended = _arrived(sink, LETTERS)
        self.rate = (last - first) / (ended - began)
        self.cpu = (used() - before) / LETTERS


def _arrived(sink: Sink, wanted: int) -> tuple[int, float]:
    """How many letters there are once there are as many as wanted, and when that was."""
    deadline = time.monotonic() + PATIENCE
    while (seen := sink.count()) < wanted:
        assert time.monotonic() < deadline, f"{seen} of {LETTERS}"
        time.sleep(0.005)
    return seen, time.monotonic()


def _domains(destinations: int) -> dict[str, str]:
    """The address behind each."""
    return {f"d{number}.example": f"127.1.{number // 200}.{number % 200 + 1}" for number in range(destinations)}


def _addresses(destinations: int) -> list[str]:
    return [f"user{number}@d{number % destinations}.example" for number in range(LETTERS)]


def _eilpost(destinations: int) -> Pace:
    with running_sink() as sink:
        routes = [
            ROUTE.format(domain=domain, address=address, port=sink.port)
            for domain, address in _domains(destinations).items()
        ]
        with running_house(settings=SETTINGS + "".join(routes)) as house:
            login = b64encode(f"\0{house.address}\0{house.password}".encode())
            hello = [b"EHLO load.example.net\r\n", b"AUTH PLAIN " + login + b"\r\n"]
            _hand_in(house.ports["submission"], house.address, destinations, hello, b" HOLDFOR=%d" % HOLD)
            house.settle()
            chosen = ("--sender", house.address, "--state", "ready")  # they were put off, and never tried
            return Pace(sink, house.cpu_seconds, lambda: house.eilpost("queue", "retry", *chosen))


def _postfix(destinations: int) -> Pace:
    port = free_port()
    with running_sink() as sink, tempfile.TemporaryDirectory(prefix="routes-") as folder:
        Path(folder).chmod(0o755)
        routes = Path(folder, "transport")
        lines = [f"{domain} smtp:[{address}]:{sink.port}\n" for domain, address in _domains(destinations).items()]
        routes.write_text("".join(lines))
        more = f"{POSTFIX}transport_maps = texthash:{routes}\n"
        with running_postfix(port, "pf.test", {}, more) as postfix:
            _hand_in(port, "us@pf.test", destinations, [b"EHLO load.example.net\r\n"])
            return Pace(sink, lambda: _used(postfix), lambda: _let_go(postfix))


def _let_go(postfix: Postfix) -> None:
    command = ["/usr/sbin/postsuper", "-c", str(postfix.folder / "etc"), "-H", "ALL"]
    subprocess.run(command, check=True, capture_output=True)
    postfix.control("flush")


def _used(postfix: Postfix) -> float:
    master = psutil.Process(int((postfix.folder / "queue" / "pid" / "master.pid").read_text()))
    total = 0.0
    for process in (master, *master.children(recursive=True)):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _hand_in(port: int, sender: str, destinations: int, hello: list[bytes], option: bytes = b"") -> None:
    """All letters, over a few sessions at once."""

    def share(first: int) -> Iterator[bytes]:
        yield from hello
        for number in range(first, LETTERS, SESSIONS):
            yield b"MAIL FROM:<" + sender.encode() + b">" + option + b"\r\n"
            yield b"RCPT TO:<" + addresses[number].encode() + b">\r\n"
            yield b"DATA\r\n"
            yield _octets(number, sender) + b".\r\n"
        yield b"QUIT\r\n"

    addresses = _addresses(destinations)
    send_all(port, iter([share(first) for first in range(SESSIONS)]), SESSIONS)


def _octets(number: int, sender: str) -> bytes:
    head, _, rest = letter(SIZE, number, sender).partition(b"\r\n")
    assert head.startswith(b"From: ")
    return f"From: <{sender}>\r\n".encode() + rest
