"""Case 43 in truth: storage, the bus, and a mailbox of 1,000,000 messages."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.bench.client import Client
from tests.support.house import House, running_house
from tests.support.million import MESSAGES, fill_inbox, forget_highest, logged_in, resident

pytestmark = pytest.mark.integration

PASSWORD = "correct horse"
MEMORY = 32 * 2**20
WORK = 2.0  # CPU seconds of all services: what two cores do in the one second that SELECT may take


@pytest.fixture(scope="module")
def million() -> Iterator[tuple[House, str]]:
    with running_house(replicas={"imap": 1}) as house:
        (address,) = house.add_accounts(["million"], PASSWORD)
        fill_inbox(house, address, PASSWORD)
        yield house, address


def fetch_all(client: Client) -> int:
    """Ask for all flags, and throw the answer away; its octets."""
    client.send(b"f UID FETCH 1:* (FLAGS)\r\n")
    octets, tail = 0, b""
    while b"\r\nf OK" not in tail:
        got = client.receive()
        octets += len(got)
        tail = (tail + got)[-200:]
    return octets


def test_case_43_select_of_a_million_messages(million: tuple[House, str]) -> None:
    house, address = million
    (pid,) = house.pids("imap")
    with logged_in(house, address, PASSWORD) as client:
        client.imap(b"a", b"SELECT Sent")
        forget_highest(pid)
        before, worked, started = resident(pid), house.cpu_seconds(), time.monotonic()
        assert b"* %d EXISTS\r\n" % MESSAGES in client.imap(b"b", b"SELECT INBOX")
        seconds, work = time.monotonic() - started, house.cpu_seconds() - worked
        assert seconds <= 1.0 or work <= WORK, f"{seconds:.2f} s, {work:.2f} s of CPU"
        assert resident(pid, highest=True) - before <= MEMORY


def test_case_43_fetch_of_a_million_messages_streams(million: tuple[House, str]) -> None:
    house, address = million
    (pid,) = house.pids("imap")
    with logged_in(house, address, PASSWORD) as client, logged_in(house, address, PASSWORD) as other:
        client.imap(b"a", b"SELECT INBOX")
        other.imap(b"a", b"SELECT INBOX")
        forget_highest(pid)
        before = resident(pid)
        assert fetch_all(client) > 30 * MESSAGES
        assert resident(pid, highest=True) - before <= MEMORY
        started = time.monotonic()
        other.imap(b"b", b"NOOP")
        assert time.monotonic() - started < 1.0


def test_case_43_who_hangs_up_stops_the_fetch(million: tuple[House, str]) -> None:
    house, address = million
    with logged_in(house, address, PASSWORD) as other:
        with logged_in(house, address, PASSWORD) as client:
            client.imap(b"a", b"SELECT INBOX")
            client.send(b"f UID FETCH 1:* (FLAGS ENVELOPE)\r\n")
            client.receive()
        started = time.monotonic()
        other.imap(b"b", b"NOOP")
        assert time.monotonic() - started < 1.0


def test_case_43_expunge_goes_in_steps(million: tuple[House, str]) -> None:
    house, address = million
    with logged_in(house, address, PASSWORD) as client, logged_in(house, address, PASSWORD) as other:
        client.imap(b"a", b"SELECT INBOX")
        other.imap(b"a", b"SELECT INBOX")
        client.imap(b"b", b"STORE 1:20000 +FLAGS.SILENT (\\Deleted)")
        client.send(b"c EXPUNGE\r\n")
        started = time.monotonic()
        other.imap(b"b", b"NOOP")
        assert time.monotonic() - started < 1.0
        assert client.until(b"c OK").count(b" EXPUNGE\r\n") == 20_000
