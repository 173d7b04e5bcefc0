"""The drill for scripts that run on what clients do by IMAP: `fileinto` and `redirect` of all that is appended.

Afterwards each message whose APPEND was acknowledged stands exactly once where it was put, in Copies and at the
redirect's end; one whose fate its client never heard of stands once in all three or in none.
"""

from __future__ import annotations

import imaplib
import random
import threading
import time
from collections import Counter
from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.load import PASSWORD, TIMEOUT, TROUBLE, append, must
from tests.chaos.sieve import Kill, Served, copy_of
from tests.chaos.verdict import letters_of, wait_settled
from tests.support.house import DOMAIN, Down, House, until

ACCOUNTS = 4
SERVICES = ("imap", "delivery", "delivery", "storage", "broker")
SCRIPT = """require ["imapsieve", "environment", "fileinto", "copy", "mailbox"];
if environment :is "imap.cause" "APPEND" {{
    fileinto :copy :create "Copies";
    redirect :copy "{copy}";
}}
"""


def drill(house: House, kills: int, dice: random.Random, kill: Kill, served: Served) -> bool:
    """Whether it failed."""
    users = [f"watched{number}@{DOMAIN}" for number in range(ACCOUNTS)]
    house.add_accounts([*users, *map(copy_of, users)], PASSWORD)
    for address in users:
        _watch(house, address)
    ledger, stop = Ledger(), threading.Event()
    threads = [threading.Thread(target=fill, args=(house, address, ledger, stop)) for address in users]
    for each in threads:
        each.start()
    time.sleep(1.0)
    for number in range(kills):
        service = dice.choice(SERVICES)
        time.sleep(dice.random() * 0.3)
        kill(house, service, dice)
        took = served(house, users[0])
        print(f"kill {number + 1:3} {service:9} served again after {took:.2f} s, {len(ledger.acknowledged)} appended")
    stop.set()
    for each in threads:
        each.join(60)
    wrong = _wrong_at_last(house, users, ledger)
    print(
        f"{kills} kills, {len(ledger.attempted)} appends tried, {len(ledger.acknowledged)} acknowledged, "
        f"{len(wrong)} wrong"
    )
    for line in wrong[:20]:
        print(line)
    return bool(wrong)


def _watch(house: House, address: str) -> None:
    file = Path(house.data) / "drill.sieve"
    file.write_text(SCRIPT.format(copy=copy_of(address)))
    house.eilpost("sieve", "put", address, "drill", str(file))
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=TIMEOUT)
    client.login(address, PASSWORD)
    must(client.xatom("SETMETADATA", "INBOX", '(/shared/imapsieve/script "drill")'))
    client.logout()


def fill(house: House, address: str, ledger: Ledger, stop: threading.Event) -> None:
    """One user: a message after the other into INBOX."""
    while not stop.is_set():
        try:
            client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=TIMEOUT)
            try:
                client.login(address, PASSWORD)
                while not stop.is_set():
                    append(client, address, ledger)
                    stop.wait(0.02)
            finally:
                client.shutdown()
        except TROUBLE:
            ledger.fail()
            stop.wait(0.1)


def _wrong_at_last(house: House, users: list[str], ledger: Ledger) -> list[str]:
    """What is wrong once the leases of the killed are over, and all scripts have run."""
    wrong: list[str] = []

    def settled() -> bool:
        wait_settled(house, 90)
        wrong[:] = wrong_copies(house, users, ledger)
        return not wrong

    try:
        until(settled, 60)
    except Down:
        return wrong
    return wrong


def wrong_copies(house: House, users: list[str], ledger: Ledger) -> list[str]:
    """Messages that are not once in each of the three places (or, when nobody acknowledged them, in none)."""
    places = {
        user: [
            Counter(letters_of(house, address, mailbox, ledger))
            for address, mailbox in ((user, "INBOX"), (user, "Copies"), (copy_of(user), "INBOX"))
        ]
        for user in users
    }
    wrong = []
    for name, user in ledger.attempted.items():
        counts = [found[name] for found in places[user]]
        allowed = ([1, 1, 1],) if name in ledger.acknowledged else ([1, 1, 1], [0, 0, 0])
        if counts not in allowed:
            wrong.append(f"message {name}: {counts} copies in INBOX, Copies and at the redirect's end")
    return wrong
