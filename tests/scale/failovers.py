"""Each engine dies in turn under load: how long until all is served again, and was anything lost?"""

from __future__ import annotations

import imaplib
import os
import smtplib
import time
from collections.abc import Callable

import trio

from tests.chaos.__main__ import is_accounted_for, seconds_until_served, under_load
from tests.chaos.load import PASSWORD, TROUBLE
from tests.scale.installation import Installation
from tests.support.brokers import HOSTS

PATIENCE = 30.0  # seconds until all must be served again
BOUND = 10.5  # seconds within which trouble must be told
ACCOUNTS = 6


def all_failovers(made: Installation) -> bool:
    """Whether all was well."""
    results = [failover(made, name, fail) for name, fail in FAILOVERS.items()]  # each of them, whatever came before
    return all(results)


def failover(made: Installation, name: str, fail: Callable[[Installation], None]) -> bool:
    """Whether all was well."""
    house = made.house
    addresses = house.add_accounts([f"{name.replace(' ', '-')}{number}" for number in range(ACCOUNTS)], PASSWORD)
    with under_load(house, addresses) as storm:
        fail(made)
        took = seconds_until_served(house, addresses[0])
        print(f"{name}: served again after {took:.2f} s (limit {PATIENCE:g} s)", flush=True)
        time.sleep(2.0)
    return is_accounted_for(house, addresses, storm) and took <= PATIENCE


def broker_dies(made: Installation) -> None:
    """The one that most processes try first."""
    made.brokers.kill(HOSTS[0])


def broker_returns(made: Installation) -> None:
    """And another one goes: those that fled to it come back."""
    made.brokers.start(HOSTS[0])
    made.brokers.wait(HOSTS[0])
    made.brokers.kill(HOSTS[1])
    made.brokers.start(HOSTS[1])


def primary_dies(made: Installation) -> None:
    """All its processes at once, in mid-commit; an operator's machinery promotes the standby a second later."""
    assert made.standby is not None
    made.primary.crash()
    time.sleep(1.0)
    made.standby.promote()


FAILOVERS: dict[str, Callable[[Installation], None]] = {
    "broker dies": broker_dies,
    "broker returns": broker_returns,
    "primary dies": primary_dies,
}


# --- the store of large bodies, without which small letters go on ---


def objects_die(made: Installation) -> bool:
    """The S3 server is away for a while; whether all was well."""
    house = made.house
    (address,) = house.add_accounts(["objects"], PASSWORD)
    first, second = large(address, "first"), large(address, "second")
    wrong: list[str] = []
    assert send(made, address, first) == 250
    until_there(made, address, 1)
    made.objects.kill()
    began = time.monotonic()
    code = send(made, address, second)
    if not 400 <= code < 500 or time.monotonic() - began > BOUND:
        wrong.append(f"a large letter was answered with {code} after {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    status, said = fetch(made, address, 1)
    if status != "NO" or b"UNAVAILABLE" not in said or time.monotonic() - began > BOUND:
        wrong.append(f"a large letter was read with {status} {said[:80]!r} after {time.monotonic() - began:.1f} s")
    if (code := send(made, address, b"Subject: small\r\n\r\nsmall\r\n")) != 250:
        wrong.append(f"a small letter was answered with {code}")
    trio.run(made.objects.start)
    began = time.monotonic()
    while send(made, address, second) != 250 and time.monotonic() - began < PATIENCE:
        time.sleep(0.2)
    took = time.monotonic() - began
    until_there(made, address, 3)
    for number, octets in ((1, first), (3, second)):
        status, said = until_read(made, address, number)
        if status != "OK" or not said.endswith(octets):
            wrong.append(f"letter {number} came back as {status} with {len(said)} octets")
    print(f"objects die: large letters served again after {took:.2f} s (limit {PATIENCE:g} s), {len(wrong)} wrong")
    print("\n".join(wrong))
    return not wrong and took <= PATIENCE


def large(address: str, subject: str) -> bytes:
    """More than the database keeps."""
    text = "".join(f"{os.urandom(36).hex()}\r\n" for _ in range(8_000))
    return f"From: <objects@example.net>\r\nTo: <{address}>\r\nSubject: {subject}\r\n\r\n{text}".encode()


def send(made: Installation, address: str, octets: bytes) -> int:
    """The code of the answer; 0 for none."""
    try:
        with smtplib.SMTP("127.0.0.1", made.house.ports["smtp"], timeout=30) as client:
            client.sendmail("objects@example.net", [address], octets)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return next(iter(error.recipients.values()))[0]
    except TROUBLE:
        return 0
    return 250


def fetch(made: Installation, address: str, number: int) -> tuple[str, bytes]:
    """Status of FETCH BODY[], and the octets or the words that came with it."""
    client = imaplib.IMAP4("127.0.0.1", made.house.ports["imap"], timeout=30)
    try:
        client.login(address, PASSWORD)
        client.select("INBOX", readonly=True)
        status, rows = client.fetch(str(number), "(BODY.PEEK[])")
    except imaplib.IMAP4.abort as error:
        return "BYE", str(error).encode()
    except imaplib.IMAP4.error:  # no such message yet
        return "BAD", b""
    finally:
        client.shutdown()
    row = rows[0]
    return status, row[1] if isinstance(row, tuple) else row or b""


def until_read(made: Installation, address: str, number: int) -> tuple[str, bytes]:
    """As `fetch`, once it succeeds or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while (found := fetch(made, address, number))[0] != "OK" and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def until_there(made: Installation, address: str, count: int) -> None:
    """Wait for messages in INBOX."""
    deadline = time.monotonic() + PATIENCE
    while fetch(made, address, count)[1] == b"" and time.monotonic() < deadline:
        time.sleep(0.1)
