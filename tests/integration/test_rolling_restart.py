"""A whole installation is started anew, process by process, under load.

Nothing is lost, nothing is doubled, and nobody is refused anything but a connection to a process that drains: what a
client may hear of it is a 421, a BYE, or the end of its connection between two commands. Where the machine is so busy
that storage comes back later than a call waits for it, that it should try again.
"""

from __future__ import annotations

import imaplib
import json
import os
import poplib
import signal
import smtplib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPException
from urllib.request import urlopen

import pytest

from shared.contracts import directory
from tests.chaos import verdict
from tests.chaos.ledger import Ledger
from tests.chaos.load import PASSWORD, letter_text
from tests.support.house import House, running_house, until
from tests.support.managesieve_client import ManageSieveClient
from tests.support.ports import free_row

pytestmark = pytest.mark.integration

REPLICAS = {"delivery": 2, "smtp": 2, "imap": 2, "pop3": 2, "managesieve": 2}  # in the order of their start
PORT = free_row(1 + 2 * len(REPLICAS))  # nobody takes one while its process is away
HEALTH = {"storage": [PORT], **{service: [PORT + 1 + 2 * n, PORT + 2 + 2 * n] for n, service in enumerate(REPLICAS)}}
SETTINGS = f"\n[health]\nport = {PORT}\n\n[limits]\nconnections_per_address = 1000\n\n[delivery]\nlease = 15.0\n"
SESSION = 20  # letters, and steps of other protocols, on one connection


@pytest.fixture(scope="module")
def rolling() -> Iterator[House]:
    with running_house(replicas=REPLICAS, settings=SETTINGS) as started:
        yield started


class Load:
    """Clients of all protocols, and what they could not put up with."""

    def __init__(self, house: House, addresses: list[str]) -> None:
        self.house = house
        self.addresses = addresses
        self.ledger = Ledger()
        self.sent_away: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._stop = threading.Event()
        works = [self.send, self.send, self.submit, self.read, self.read, self.fetch, self.filter]
        self._threads = [threading.Thread(target=self._run, args=(work, n)) for n, work in enumerate(works)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, work: Callable[[str], None], number: int) -> None:
        address = self.addresses[number % len(self.addresses)]
        while not self._stop.is_set():
            try:
                work(address)
            except SentAway:
                self.sent_away[work.__name__] += 1
            except Exception as error:  # noqa: BLE001 - each is a finding
                self.wrong.append(f"{work.__name__}: {error!r}")
                time.sleep(0.1)

    # Each method is one session.

    def send(self, address: str) -> None:
        """Letters from outside."""
        self._letters(address, "smtp", login=False)

    def submit(self, address: str) -> None:
        """A user's letters."""
        self._letters(address, "submission", login=True)

    def _letters(self, address: str, port: str, *, login: bool) -> None:
        with smtp_errors():
            client = smtplib.SMTP("127.0.0.1", self.house.ports[port], timeout=20)
            try:
                if login:
                    client.login(address, PASSWORD)
                for _ in range(SESSION):
                    self._letter(client, address, address if login else "chaos@example.net")
                client.quit()
            finally:
                client.close()

    def _letter(self, client: smtplib.SMTP, address: str, sender: str) -> None:
        name = uuid.uuid4().hex
        self.ledger.attempt(name, address)
        text = letter_text(name, address)
        if sender == address:
            text = text.replace(b"chaos@example.net", address.encode(), 1)
        client.sendmail(sender, [address], text)
        self.ledger.acknowledge(name, address)
        self.done["letters"] += 1

    def read(self, address: str) -> None:
        """Appends, flags and listings."""
        with imap_errors():
            client = imaplib.IMAP4("127.0.0.1", self.house.ports["imap"], timeout=20)
            try:
                ok(client.login(address, PASSWORD))
                ok(client.select("INBOX"))
                for _ in range(SESSION):
                    name = uuid.uuid4().hex
                    self.ledger.attempt(name, address)
                    ok(client.append("INBOX", "", "", letter_text(name, address)))
                    self.ledger.acknowledge(name, address)
                    ok(client.noop())
                    ok(client.uid("STORE", "*", "+FLAGS", "(\\Seen)"))
                    ok(client.uid("FETCH", "*", "(FLAGS BODY.PEEK[])"))
                    self.done["commands"] += 4
            finally:
                client.shutdown()

    def fetch(self, address: str) -> None:
        """Letters by POP3, which stay where they are."""
        with pop3_errors():
            client = poplib.POP3("127.0.0.1", self.house.ports["pop3"], timeout=20)
            try:
                client.user(address)
                client.pass_(PASSWORD)
                count, _ = client.stat()
                for number in range(1, min(count, SESSION) + 1):
                    client.retr(number)
                    self.done["retrieved"] += 1
                client.quit()
            finally:
                client.close()

    def filter(self, address: str) -> None:
        """A Sieve script, again and again."""
        with sieve_errors(), closing(ManageSieveClient(self.house.ports["managesieve"])) as client:
            said(client.greeting)
            said(client.login(address, PASSWORD))
            for _ in range(SESSION):
                said(client.command('PUTSCRIPT "main" "keep;"'))
                self.done["scripts"] += 1


class SentAway(Exception):
    """The process that served this connection drains."""


class smtp_errors:  # noqa: N801 - reads as the statement that it is
    """A 421 and the end of the connection mean `SentAway`."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, smtplib.SMTPServerDisconnected):
            raise SentAway from error
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code == 421:
            raise SentAway from error


class imap_errors:  # noqa: N801
    """A BYE and the end of the connection mean `SentAway`; a NO does not."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, imaplib.IMAP4.abort | ConnectionError):
            raise SentAway from error
        if isinstance(error, imaplib.IMAP4.error) and "BYE" in str(error):
            raise SentAway from error


class pop3_errors:  # noqa: N801
    """The end of the connection between two replies means `SentAway`; so does a refusal in place of the greeting."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, ConnectionError):
            raise SentAway from error
        if isinstance(error, poplib.error_proto) and any(why in str(error) for why in ("EOF", "shutting down")):
            raise SentAway from error


class sieve_errors:  # noqa: N801
    """The end of the connection means `SentAway`."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, ConnectionError):
            raise SentAway from error


def said(response: str) -> None:
    """A BYE, or nothing, means `SentAway`."""
    if not response or response.startswith("BYE"):
        raise SentAway
    assert response.startswith("OK"), response


def ok(result: tuple[str, Sequence[object]]) -> None:
    assert result[0] == "OK", result


def restart(house: House, victims: Mapping[str, int]) -> None:
    """SIGTERM to one process of each of some services; returns when their successors are ready."""
    for pid in victims.values():
        os.kill(pid, signal.SIGTERM)
    gone = set(victims.values())
    until(lambda: gone.isdisjoint(pid for service in victims for pid in house.pids(service)), 40)
    ports = [port for service in victims for port in HEALTH[service]]
    until(lambda: all(map(is_ready, ports)), 40, lambda: house.log.read_text()[-2000:])


def is_ready(port: int) -> bool:
    with suppress(OSError, HTTPException), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as page:
        return bool(page.status == 200)
    return False


def events(house: House, name: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in house.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def test_every_process_is_replaced_under_load(rolling: House) -> None:
    house = rolling
    addresses = house.add_accounts([f"rolling{n}" for n in range(3)], PASSWORD)
    with Load(house, addresses) as load:
        time.sleep(2.0)
        victims = {service: house.pids(service) for service in REPLICAS}
        for turn in range(2):
            restart(house, {service: pids[turn] for service, pids in victims.items()})
        began = time.monotonic()
        restart(house, {"storage": house.pids("storage")[0]})
        away = time.monotonic() - began
        time.sleep(1.0)
    verdict.wait_settled(house, 60)
    lost, doubled = verdict.judge(verdict.copies(house, addresses, load.ledger), load.ledger)
    late = away > directory.resolve.deadline
    assert [one for one in load.wrong if not (late and "try again" in one)] == [], load.done
    assert (lost, doubled) == ([], [])
    assert min(load.done[what] for what in ("letters", "commands", "retrieved", "scripts")) > 50, load.done
    assert len(events(house, "process.drained")) == sum(map(len, HEALTH.values()))
    for trouble in ("process.crash", "drain.cut", "process.drain_cut", "delivery.lease_lost"):
        assert events(house, trouble) == []
