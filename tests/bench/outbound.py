"""The way out: letters that wait in the spool, let go all at once, and taken by a sink; the same with Postfix.

Both know the sink (smtp-sink) as the way to everybody. Only the way out is measured, from the first letter in
the sink to the last. Without a Postfix there is neither sink nor comparison, and nothing is measured.
"""

from __future__ import annotations

import re
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.client import letter
from tests.bench.figures import Figure
from tests.support.house import House, free_ports, running_house, until
from tests.support.postfix import is_installed, running_postfix

LETTERS, SIZE = 2_000, 4_096
DESTINATIONS = (1, 10, 1_000)
HOLD = 40  # seconds to hand all letters in
SMTP_SINK = "/usr/sbin/smtp-sink"
SETTINGS = """
[limits]
connections_per_address = 100000
connections = 100000

[delivery.outbound]
routes = [{{ domain = "*", host = "[127.0.0.1]", port = {port} }}]
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
        octets = self._record.read_bytes()[-200:]
        found = re.findall(rb"mesg=(\d+)", octets)
        return int(found[-1]) if found else 0


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Postfix's own sink, which costs next to nothing, in a process of its own."""
    port = free_ports(["sink"])["sink"]
    with tempfile.TemporaryDirectory(prefix="sink-") as folder:
        record = Path(folder, "letters")
        with record.open("wb") as file:
            process = subprocess.Popen([SMTP_SINK, "-u", "nobody", "-c", f"127.0.0.1:{port}", "1000"], stdout=file)
            try:
                until(lambda: _listens(port), 20)
                yield Sink(port, record)
            finally:
                process.kill()
                process.wait()


def _listens(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
    except OSError:
        return False
    return True


def run(house: House) -> list[Figure]:
    """Needs installations of its own: the one given stays idle."""
    figures: list[Figure] = []
    if not is_installed():
        return figures
    for number in DESTINATIONS:
        ours = _eilpost(number)
        figures.append(Figure(f"outbound letters/s, {number} destinations", ours, "1/s"))
        theirs = _postfix(number)
        figures.append(Figure(f"  Postfix, {number} destinations", theirs, "1/s"))
        figures.append(Figure("  times Postfix", ours / theirs, "", 3.0))
    return figures


def _addresses(destinations: int) -> list[str]:
    return [f"user{number}@d{number % destinations}.example" for number in range(LETTERS)]


def _rate(sink: Sink) -> float:
    """Letters a second, from the first that arrives to the last."""
    first = seen = 0
    began = 0.0
    deadline = time.monotonic() + 180
    while seen < LETTERS:
        assert time.monotonic() < deadline, f"{seen} of {LETTERS}"
        time.sleep(0.005)
        seen = sink.count()
        if seen and not first:
            first, began = seen, time.monotonic()
    return (LETTERS - first) / (time.monotonic() - began)


def _eilpost(destinations: int) -> float:
    with running_sink() as sink, running_house(settings=SETTINGS.format(port=sink.port)) as house:
        until_then = datetime.now(UTC) + timedelta(seconds=HOLD)
        options = [f"HOLDUNTIL={until_then.strftime('%Y-%m-%dT%H:%M:%SZ')}"]
        with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=60) as client:
            client.login(house.address, house.password)
            for number, address in enumerate(_addresses(destinations)):
                client.sendmail(house.address, [address], _octets(number, house.address), mail_options=options)
        return _rate(sink)


def _postfix(destinations: int) -> float:
    port = free_ports(["postfix"])["postfix"]
    with running_sink() as sink:
        transports = {"*": f"smtp:[127.0.0.1]:{sink.port}"}
        with running_postfix(port, "pf.test", transports, POSTFIX) as postfix:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
                for number, address in enumerate(_addresses(destinations)):
                    client.sendmail("us@pf.test", [address], _octets(number, "us@pf.test"))
            command = ["/usr/sbin/postsuper", "-c", str(postfix.folder / "etc"), "-H", "ALL"]
            subprocess.run(command, check=True, capture_output=True)
            postfix.control("flush")
            return _rate(sink)


def _octets(number: int, sender: str) -> bytes:
    head, _, rest = letter(SIZE, number, sender).partition(b"\r\n")
    assert head.startswith(b"From: ")
    return f"From: <{sender}>\r\n".encode() + rest
