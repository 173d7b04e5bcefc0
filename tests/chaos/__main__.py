"""``make chaos``: SIGKILLs of random processes under load, the broker included; then the account is drawn up.

``python -m tests.chaos --kills 20 --seed 7`` repeats a drill; ``--drill sieve`` is the one for users' scripts,
``--drill imapsieve`` the one for those that run on what clients do by IMAP.
"""

from __future__ import annotations

import argparse
import imaplib
import os
import random
import signal
import smtplib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.chaos import imap_events, load, sieve, verdict
from tests.chaos.ledger import Ledger
from tests.support.house import House, running_house

ACCOUNTS, SENDERS, USERS = 8, 6, 4
SERVICES = ("smtp", "delivery", "storage", "imap", "pop3", "broker")
SCRIPTED = {"sieve": sieve.drill, "imapsieve": imap_events.drill}
READY_SECONDS = 5.0
SETTINGS = "\n[limits]\nconnections_per_address = 10000\n\n[delivery]\nlease = 15.0\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", type=Path)
    parser.add_argument(
        "--patience", type=float, default=READY_SECONDS, help="seconds until all must be served again"
    )
    parser.add_argument("--drill", choices=("mail", *SCRIPTED), default="mail")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with running_house(replicas={"smtp": 2, "imap": 2, "delivery": 2}, settings=SETTINGS, keep=options.keep) as house:
        dice = random.Random(options.seed)
        if options.drill in SCRIPTED:
            failed = SCRIPTED[options.drill](house, options.kills, dice, kill_one, seconds_until_served)
        else:
            failed = drill(house, options.kills, dice, patience=options.patience)
    sys.exit(1 if failed else 0)


def drill(
    house: House,
    kills: int,
    dice: random.Random,
    *,
    patience: float = READY_SECONDS,
    services: Sequence[str] = SERVICES,
    kill: Callable[[House, str, random.Random], None] | None = None,
) -> bool:
    """Whether it failed."""
    addresses = house.add_accounts([f"chaos{number}" for number in range(ACCOUNTS)], load.PASSWORD)
    slowest = 0.0
    with under_load(house, addresses) as storm:
        for number in range(kills):
            service = dice.choice(services)
            time.sleep(dice.random() * 0.2)
            (kill or kill_one)(house, service, dice)
            took = seconds_until_served(house, addresses[0])
            slowest = max(slowest, took)
            print(
                f"kill {number + 1:3} {service:9} served again after {took:.2f} s, "
                f"{len(storm.ledger.acknowledged)} acknowledged"
            )
    good = is_accounted_for(house, addresses, storm)
    print(f"{kills} kills, slowest return {slowest:.2f} s (limit {patience:g} s)")
    return not good or slowest > patience


class Storm(NamedTuple):
    """What the load was promised, and what of it was broken at once."""

    ledger: Ledger
    crashes: list[BaseException]


@contextmanager
def under_load(house: House, addresses: list[str]) -> Iterator[Storm]:
    """Letters and users of mailboxes, from two seconds before the block until its end."""
    storm, stop = Storm(Ledger(), []), threading.Event()
    ledger, crashes = storm
    threads = [
        *(thread(crashes, load.send_letters, house, addresses, ledger, stop, n) for n in range(SENDERS)),
        *(thread(crashes, load.use_mailbox, house, addresses[n], ledger, stop, n) for n in range(USERS)),
    ]
    try:
        time.sleep(2.0)
        yield storm
    finally:
        stop.set()
        for each in threads:
            each.join(60)


def is_accounted_for(house: House, addresses: list[str], storm: Storm) -> bool:
    """Whether every letter is where it was promised to be, once; prints the account."""
    ledger, crashes = storm
    verdict.wait_settled(house, 120)
    lost, doubled = verdict.judge(verdict.copies(house, addresses, ledger), ledger)
    print(
        f"{len(ledger.attempted)} letters tried, {len(ledger.acknowledged)} acknowledged, "
        f"{len(lost)} lost, {len(doubled)} doubled, {len(crashes)} rules broken"
    )
    for crash in crashes:
        print(f"broken: {crash!r}")
    for name in [*lost, *doubled][:20]:
        print(f"letter {name}: {'lost' if name in lost else 'doubled'}")
    return not (lost or doubled or crashes)


def kill_one(house: House, service: str, dice: random.Random) -> None:
    """SIGKILL to one process of ``service``; waits for one where the last victim has no successor yet."""
    while True:
        try:
            os.kill(dice.choice(house.pids(service)), signal.SIGKILL)
        except (ProcessLookupError, IndexError):
            time.sleep(0.02)
        else:
            return


def thread(crashes: list[BaseException], work: object, *arguments: object) -> threading.Thread:
    """A started thread whose unexpected end is noted."""

    def run() -> None:
        try:
            work(*arguments)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - reported as the drill's failure
            crashes.append(error)

    started = threading.Thread(target=run)
    started.start()
    return started


def seconds_until_served(house: House, address: str) -> float:
    """From now until a letter is accepted and a mailbox is opened."""
    started = time.monotonic()
    while time.monotonic() - started < 60:
        try:
            with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=10) as client:
                client.sendmail("probe@example.net", [address], b"Subject: probe\r\n\r\nprobe\r\n")
            reader = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=10)
            try:
                reader.login(address, load.PASSWORD)
                load.must(reader.select("INBOX"))
            finally:
                reader.shutdown()
        except load.TROUBLE:
            time.sleep(0.02)
        else:
            return time.monotonic() - started
    raise TimeoutError("not served again within a minute")


if __name__ == "__main__":
    main()
