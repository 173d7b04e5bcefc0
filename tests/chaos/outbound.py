"""The way out under SIGKILLs of delivery, one a second: a sink counts every letter, and no copy without a reason.

A second copy is explained when delivery was killed after the first had left it, and came only once the lease of the
dead process had lapsed: the reply, or the verdict on its way to the spool, died with it. Only processes that have
sent something are killed, so that each kill may hurt; while the last leases lapse there is none to kill.
``python -m tests.chaos.outbound --letters 2000``.
"""

from __future__ import annotations

import argparse
import json
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from tests.chaos.__main__ import thread
from tests.chaos.load import TROUBLE
from tests.support.house import ROOT, House, running_house
from tests.support.ports import free_port

SENDERS = 4
REPLICAS = 5  # so that there is one at work for each kill, while those before it start anew
INTERVAL = 1.0  # seconds between two kills
LEASE = 15.0  # seconds, renewed by a third: what dies comes back after two thirds at the soonest
UNREAD = 1.0  # seconds, at most, that a letter whose sender is dead waits in the kernel until the sink takes it
PATIENCE = 300.0
SETTINGS = """
[limits]
connections_per_address = 10000

[delivery]
lease = 15.0
first_retry = 2.0
longest_retry = 5.0

[delivery.outbound]
routes = [{{ domain = "*", host = "[127.0.0.1]", port = {port} }}]
suspended = 1.0
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--letters", type=int, default=2_000)
    options = parser.parse_args()
    port = free_port()
    with (
        running_sink(port) as record,
        running_house(replicas={"delivery": REPLICAS}, settings=SETTINGS.format(port=port)) as house,
    ):
        failed = drill(house, record, options.letters)
    sys.exit(1 if failed else 0)


@contextmanager
def running_sink(port: int) -> Iterator[Path]:
    """A sink in a process of its own; the file that it writes down letters in."""
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        record = Path(folder, "letters")
        with record.open("wb") as file:
            command = [sys.executable, "-m", "tests.support.sink", "--port", str(port), "--delay", "0.02"]
            process = subprocess.Popen(command, stdout=file, cwd=ROOT)
            try:
                yield record
            finally:
                process.kill()
                process.wait()


def drill(house: House, record: Path, letters: int) -> bool:
    names = [f"drill-{number}@{house.address.rpartition('@')[2]}" for number in range(letters)]
    crashes: list[BaseException] = []
    threads = [thread(crashes, submit, house, names[first::SENDERS]) for first in range(SENDERS)]
    kills: list[float] = []
    stop = threading.Event()
    killer = thread(crashes, kill_on, house, kills, stop)
    started = time.monotonic()
    while (any(each.is_alive() for each in threads) or waiting(house)) and time.monotonic() - started < PATIENCE:
        time.sleep(INTERVAL)
    stop.set()
    for each in (killer, *threads):
        each.join(60)
    copies = received(record)
    lost = [name for name in names if name not in copies]
    doubled = [name for name, times in copies.items() if len(times) > 1]
    strange = [name for name in doubled if not is_explained(copies[name], kills)]
    stopped = [
        line
        for state in ((), ("--state", "failed"))
        for line in house.eilpost("queue", "list", "--json", *state).stdout.splitlines()
    ]
    print(
        f"{len(kills)} kills of delivery within {kills[-1] - kills[0] if kills else 0:.0f} s of "
        f"{time.monotonic() - started:.0f}, {letters} letters, {len(lost)} lost, {len(doubled)} with more than one "
        f"copy, {len(strange)} of them unexplained, {len(stopped)} left over"
    )
    for crash in crashes:
        print(f"broken: {crash!r}")
    for name in [*lost, *strange][:20]:
        print(f"letter {name}: {copies.get(name)}")
    return bool(lost or strange or stopped or crashes)


class Workers:
    """The delivery processes that have sent a letter, as the log tells; it is read on from where it was left."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._read = 0  # octets
        self._pids: dict[str, int] = {}  # by replica
        self._at_work: set[str] = set()

    def pids(self) -> set[int]:
        """Those that have come so far by now."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            octets = file.read()
        end = octets.rfind(b"\n") + 1  # the last line may not be whole yet
        self._read += end
        for line in octets[:end].splitlines():
            if b'"process.started"' in line or b'"delivery.attempt"' in line:
                self._note(json.loads(line))
        return {self._pids[replica] for replica in self._at_work if replica in self._pids}

    def _note(self, told: dict[str, Any]) -> None:
        if told["event"] == "delivery.attempt":
            self._at_work.add(told["replica"])
        else:
            self._pids[told["replica"]] = told["pid"]


def kill_on(house: House, kills: list[float], stop: threading.Event) -> None:
    """One kill after the other; when each of them was."""
    workers = Workers(house.log)
    while not stop.wait(INTERVAL):
        if kill_one_at_work(house, workers):
            kills.append(time.time())


def kill_one_at_work(house: House, workers: Workers) -> bool:
    """SIGKILL to the delivery process that has lived longest of those that have sent something; whether one has."""
    at_work = workers.pids()
    working = []
    for pid in house.pids("delivery"):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(pid)
            if pid in at_work and process.status() != psutil.STATUS_ZOMBIE:
                working.append(process)
    for victim in sorted(working, key=lambda each: each.create_time())[:1]:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
            return True
    return False


def submit(house: House, names: list[str]) -> None:
    """One letter after the other over one session, which begins anew where it breaks."""
    rest = iter(names)
    name = next(rest, None)
    while name is not None:
        try:
            with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=15) as client:
                client.login(house.address, house.password)
                while name is not None:
                    text = f"From: <{house.address}>\r\nMessage-ID: <{name}>\r\n\r\n{'All is well. ' * 40}\r\n"
                    client.sendmail(house.address, [f"ann@{name.partition('@')[0]}.example"], text)
                    name = next(rest, None)
        except TROUBLE:
            time.sleep(0.1)


def waiting(house: House) -> bool:
    return bool(house.eilpost("queue", "list", "--state", "ready", "--json").stdout.strip())


def received(record: Path) -> dict[str, list[float]]:
    """When the sink took each letter."""
    copies: dict[str, list[float]] = {}
    for line in record.read_text().splitlines():
        moment, name = line.split()
        copies.setdefault(name.strip("<>"), []).append(float(moment))
    return copies


def is_explained(times: list[float], kills: list[float]) -> bool:
    """Whether each further copy came after a kill, and after a lease that nobody renewed."""
    return all(
        second - first > LEASE / 2 and any(first - UNREAD <= kill <= second for kill in kills)
        for first, second in pairwise(times)
    )


if __name__ == "__main__":
    main()
