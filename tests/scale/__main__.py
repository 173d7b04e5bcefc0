"""``make test-scale``: a whole cluster on loopback, and what may happen to it.

``python -m tests.scale suites`` (or ``drill``, ``failovers``, ``objects``) is one part of it.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable

from tests.chaos.__main__ import drill, kill_one
from tests.scale.failovers import PATIENCE, all_failovers, objects_die
from tests.scale.installation import Installation, running_installation
from tests.support.house import ROOT, House

SUITES = (
    "tests/integration/test_python_clients.py",
    "tests/integration/test_replicas.py",
    "tests/integration/test_pop3_cases.py",
    "tests/integration/test_other_clients.py",
    "tests/integration/test_synchronising_clients.py",
    "tests/integration/test_sieve_refusals.py",
    "tests/transcripts",
)
DRILLED = ("smtp", "delivery", "storage", "imap", "pop3", "broker")


def suites(made: Installation, options: argparse.Namespace) -> bool:
    """Those tests that want nothing but a running installation; whether they pass."""
    command = [sys.executable, "-m", "pytest", "-q", *SUITES, "-k", "not message_limit"]
    environment = {**os.environ, "EILPOST_HOUSE": str(made.house.data)}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def kills(made: Installation, options: argparse.Namespace) -> bool:
    """The drill of `make chaos`, brokers of the cluster included."""

    def kill(house: House, service: str, dice: random.Random) -> None:
        if service != "broker":
            kill_one(house, service, dice)
            return
        host = dice.choice(made.brokers.alive)
        made.brokers.kill(host)
        made.brokers.start(host)

    dice = random.Random(options.seed)
    return not drill(made.house, options.kills, dice, patience=PATIENCE, services=DRILLED, kill=kill)


def failovers(made: Installation, options: argparse.Namespace) -> bool:
    """Brokers and the primary of the database."""
    return all_failovers(made)


def objects(made: Installation, options: argparse.Namespace) -> bool:
    """The store of large bodies."""
    return objects_die(made)


PARTS: dict[str, Callable[[Installation, argparse.Namespace], bool]] = {
    "suites": suites,
    "drill": kills,
    "objects": objects,
    "failovers": failovers,  # the last: there is no second standby
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="|".join(PARTS))
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    began = time.monotonic()
    failed = []
    with running_installation() as made:
        print(f"three brokers, two databases, objects, two of each service after {time.monotonic() - began:.1f} s")
        for name in options.parts or PARTS:
            print(f"--- {name}", flush=True)
            if not PARTS[name](made, options):
                failed.append(name)
    print(f"{time.monotonic() - began:.0f} s; " + (f"failed: {', '.join(failed)}" if failed else "all well"))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
