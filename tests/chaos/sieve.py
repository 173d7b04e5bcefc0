"""The drill for scripts: `fileinto`, `redirect` and `vacation` of every letter, while processes die.

Afterwards each letter that was acknowledged stands exactly once in INBOX, in Lists and at the redirect's end; one
whose fate its sender never heard of stands once in all three or in none; and nobody was answered twice.
"""

from __future__ import annotations

import random
import smtplib
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.chaos.ledger import Ledger
from tests.chaos.load import PASSWORD, TIMEOUT, TROUBLE
from tests.chaos.verdict import letters_of, wait_settled, writers
from tests.support.house import DOMAIN, House

ACCOUNTS, SENDERS, THREADS = 4, 6, 4
SERVICES = ("smtp", "delivery", "storage", "broker")
SCRIPT = """require ["fileinto", "copy", "mailbox", "vacation"];
fileinto :copy :create "Lists";
redirect :copy "{copy}";
vacation :days 7 "Away.";
"""

Kill = Callable[[House, str, random.Random], None]
Served = Callable[[House, str], float]


def drill(house: House, kills: int, dice: random.Random, kill: Kill, served: Served) -> bool:
    """Whether it failed."""
    users = [f"user{number}@{DOMAIN}" for number in range(ACCOUNTS)]
    senders = [f"sender{number}@{DOMAIN}" for number in range(SENDERS)]
    house.add_accounts([*users, *map(copy_of, users), *senders], PASSWORD)
    for address in users:
        _put(house, address)
    ledger, stop = Ledger(), threading.Event()
    threads = [
        threading.Thread(target=send, args=(house, users, senders, ledger, stop, number)) for number in range(THREADS)
    ]
    for each in threads:
        each.start()
    time.sleep(1.0)
    for number in range(kills):
        service = dice.choice(SERVICES)
        time.sleep(dice.random() * 0.3)
        kill(house, service, dice)
        took = served(house, senders[0])
        print(f"kill {number + 1:3} {service:9} served again after {took:.2f} s, {len(ledger.acknowledged)} sent")
    stop.set()
    for each in threads:
        each.join(60)
    wait_settled(house, 90)
    wrong = [*wrong_copies(house, users, ledger), *wrong_answers(house, users, senders)]
    print(
        f"{kills} kills, {len(ledger.attempted)} letters tried, {len(ledger.acknowledged)} acknowledged, "
        f"{ACCOUNTS * SENDERS} pairs for one answer each, {len(wrong)} wrong"
    )
    for line in wrong[:20]:
        print(line)
    return bool(wrong)


def copy_of(address: str) -> str:
    """Where the script of ``address`` sends its letters on."""
    return f"copy-{address}"


def _put(house: House, address: str) -> None:
    file = Path(house.data) / "drill.sieve"
    file.write_text(SCRIPT.format(copy=copy_of(address)))
    house.eilpost("sieve", "put", address, "drill", str(file), "--activate")


def send(
    house: House, users: list[str], senders: list[str], ledger: Ledger, stop: threading.Event, seed: int
) -> None:
    """One letter a session, from one of ``senders`` to one of ``users``."""
    dice = random.Random(seed)
    while not stop.is_set():
        name, sender, user = uuid.uuid4().hex, dice.choice(senders), dice.choice(users)
        text = f"From: <{sender}>\r\nTo: <{user}>\r\nSubject: drill\r\nMessage-ID: <{name}@{DOMAIN}>\r\n\r\nHi.\r\n"
        ledger.attempt(name, user)
        try:
            with smtplib.LMTP("127.0.0.1", house.ports["lmtp"], timeout=TIMEOUT) as client:
                client.sendmail(sender, [user], text.encode())
                ledger.acknowledge(name, user)
        except TROUBLE:
            ledger.fail()
        stop.wait(0.01)


def wrong_copies(house: House, users: list[str], ledger: Ledger) -> list[str]:
    """Letters that are not once in each of the three places (or, when nobody acknowledged them, in none)."""
    places = [
        (Counter(letters_of(house, address, mailbox, ledger)), mailbox)
        for user in users
        for address, mailbox in ((user, "INBOX"), (user, "Lists"), (copy_of(user), "INBOX"))
    ]
    wrong = []
    for name, user in ledger.attempted.items():
        mine = places[3 * users.index(user) :][:3]
        counts = [found[name] for found, _ in mine]
        allowed = ([1, 1, 1],) if name in ledger.acknowledged else ([1, 1, 1], [0, 0, 0])
        if counts not in allowed:
            wrong.append(f"letter {name}: {counts} copies in INBOX, Lists and at the redirect's end")
    return wrong


def wrong_answers(house: House, users: list[str], senders: list[str]) -> list[str]:
    """Senders who were answered twice by the same user, or by nobody."""
    wrong = []
    for sender in senders:
        written = Counter(writers(house, sender))
        wrong += [f"{sender} was answered {written[user]} times by {user}" for user in users if written[user] > 1]
        if not any(written[user] for user in users):
            wrong.append(f"{sender} was never answered")
    return wrong
