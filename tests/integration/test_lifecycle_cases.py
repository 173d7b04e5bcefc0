"""Abuse case 72: a process that is told to stop while many clients are at work with it."""

from __future__ import annotations

import os
import re
import resource
import selectors
import signal
import smtplib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.integration.mail import PASSWORD, imap, letter, new_account, wait_messages
from tests.support.house import House, running_house, until
from tests.support.ports import free_row

pytestmark = pytest.mark.integration

SESSIONS, SENDERS = 1_000, 20
TIMEOUT = 10.0  # seconds for sessions to end
HEALTH = free_row(6)
PORTS = {"smtp": HEALTH + 2, "imap": HEALTH + 3}
SETTINGS = f"""
[health]
port = {HEALTH}

[limits]
connections_per_address = 10000

[drain]
delay = 1.0
timeout = {TIMEOUT}
"""


@pytest.fixture(scope="module")
def busy() -> Iterator[House]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * SESSIONS), hard))
    environment = {"EILPOST_IMAP__SESSIONS_PER_ACCOUNT": "0", "EILPOST_LOG__FORMAT": "json"}
    with running_house(settings=SETTINGS, environment=environment) as started:
        yield started
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def idling(house: House, address: str, count: int, stack: ExitStack) -> list[socket.socket]:
    """Sessions in IDLE."""
    made = []
    for _ in range(count):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", house.ports["imap"]), timeout=30))
        client.sendall(f'a LOGIN {address} "{PASSWORD}"\r\nb SELECT INBOX\r\nc IDLE\r\n'.encode())
        made.append(client)
    for client in made:
        heard = b""
        while b"\r\n+ " not in heard:
            piece = client.recv(65536)
            assert piece, heard
            heard += piece
    return made


def farewells(clients: list[socket.socket], seconds: float) -> list[tuple[float, bytes]]:
    """When each of ``clients`` came to its end, in seconds from now, and the last that it heard."""
    began, heard, found = time.monotonic(), dict.fromkeys(clients, b""), []
    with selectors.DefaultSelector() as selector:
        for each in clients:
            selector.register(each, selectors.EVENT_READ, each)
        while selector.get_map() and time.monotonic() - began < seconds:
            for key, _ in selector.select(1.0):
                client: socket.socket = key.data
                piece = client.recv(65536)
                heard[client] += piece
                if not piece:
                    selector.unregister(client)
                    found.append((time.monotonic() - began, heard[client]))
    return found


def readiness(service: str) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{PORTS[service]}/readyz", timeout=5) as page:
            return str(page.read().decode())
    except HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def test_case_72_a_thousand_idle_sessions_are_sent_away_one_after_the_other(busy: House) -> None:
    address = new_account(busy)
    imap(busy, address).logout()  # its password is known from now on
    (pid,) = busy.pids("imap")
    with ExitStack() as stack:
        clients = idling(busy, address, SESSIONS, stack)
        os.kill(pid, signal.SIGTERM)
        until(lambda: "draining" in readiness("imap"), 5)
        late = idling(busy, address, 1, stack)  # still taken, for as long as balancers have not noticed
        ends = farewells(clients + late, 30)
    assert len(ends) == SESSIONS + 1
    assert all(b"* BYE " in said for _, said in ends)
    moments = sorted(moment for moment, _ in ends)
    assert moments[-1] - moments[0] > TIMEOUT / 4, "nobody wants them all back at once"
    until(lambda: busy.pids("imap") not in ([], [pid]), 30 - moments[-1])


def connected(house: House) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=30)


def test_case_72_letters_on_their_way_are_finished_or_put_off(busy: House) -> None:
    address = new_account(busy)
    (pid,) = busy.pids("smtp")
    until(lambda: readiness("smtp") == "ready\n", 20)
    octets = letter(address)
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(connected(busy))) for _ in range(SENDERS)]
        idle = stack.enter_context(closing(connected(busy)))
        for client in clients:
            client.ehlo()
            assert client.mail("friend@example.net")[0] == 250
            assert client.rcpt(address)[0] == 250
            assert client.docmd("DATA")[0] == 354
            client.send(octets[:50])
        os.kill(pid, signal.SIGTERM)
        assert idle.getreply()[0] == 421
        for client in clients[: SENDERS // 2]:
            client.send(octets[50:] + b"\r\n.\r\n")
            assert client.getreply()[0] == 250
        for client in clients[SENDERS // 2 :]:
            assert client.getreply()[0] == 421
    until(lambda: busy.pids("smtp") not in ([], [pid]), 30)
    wait_messages(busy, address, SENDERS // 2)
    assert not re.search(r'"process.ended".*"drained":false', busy.log.read_text())


def test_case_72_a_restart_of_storage_is_a_pause(busy: House) -> None:
    address = new_account(busy)
    client = imap(busy, address)
    (pid,) = busy.pids("storage")
    os.kill(pid, signal.SIGTERM)
    for _ in range(20):
        assert client.append("INBOX", "", "", letter(address))[0] == "OK"
    until(lambda: busy.pids("storage") not in ([], [pid]), 30)
    assert client.select("INBOX") == ("OK", [b"20"])
    client.logout()
