"""``make bench``: every workload on a fresh installation, medians of three runs.

``python -m tests.bench letters imap_mix --runs 1`` runs some of them, once. ``--beside`` gives Postfix and Dovecot,
where both are installed, the same load after each run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.bench import (
    idle,
    imap_mix,
    judgement,
    large,
    letters,
    listing,
    login,
    million,
    outbound,
    pop3_drain,
    search,
    sieve,
)
from tests.bench.figures import Figure, lines, medians
from tests.bench.installation import Installation
from tests.bench.rival import is_here, running_rival
from tests.support.house import House, running_house
from tests.support.objects import running_s3

WORKLOADS: dict[str, Callable[[House], list[Figure]]] = {
    "letters": letters.run,
    "imap_mix": imap_mix.run,
    "listing": listing.run,
    "idle": idle.run,
    "pop3_drain": pop3_drain.run,
    "login": login.run,
    "large": large.run,
    "large_objects": partial(large.run, where=" in S3"),
    "sieve": sieve.run,
    "search": search.run,
    "judgement": judgement.run,
    "outbound": outbound.run,
    "million": million.run,
}
# What a server that knows only SMTP, IMAP and POP3 can be measured by as well.
COMPARABLE: dict[str, Callable[[Installation], list[Figure]]] = {
    "letters": letters.run,
    "imap_mix": imap_mix.run,
    "listing": listing.run,
    "pop3_drain": pop3_drain.run,
    "login": login.run,
}
ON_OBJECTS = {"large_objects"}  # whose large bodies are in S3
RUNS = 3
# The load comes from one address, and logins of it from one machine.
SETTINGS = '\n[limits]\nconnections_per_address = 100000\nconnections = 100000\n\n[log]\nlevel = "info"\n'


def main(arguments: list[str]) -> None:
    runs = RUNS
    if "--runs" in arguments:
        place = arguments.index("--runs")
        runs = int(arguments[place + 1])
        del arguments[place : place + 2]
    compare = "--beside" in arguments
    if compare:
        arguments.remove("--beside")
        if not is_here():
            raise SystemExit("--beside needs root, Postfix and Dovecot")
    chosen = [name.replace("-", "_") for name in arguments] or list(WORKLOADS)
    table: list[Figure] = []
    beside: dict[str, float] = {}
    for name in chosen:
        results, theirs = [], []
        for _ in range(runs):
            with installation(name) as house:
                results.append(WORKLOADS[name](house))
            if compare and name in COMPARABLE:
                with running_rival() as rival:
                    theirs.append(COMPARABLE[name](rival))
        table += medians(results)
        beside |= {figure.name: figure.value for figure in medians(theirs)}
        print(f"{name} done", file=sys.stderr)
    print("\n".join(lines(table, beside if compare else None)))


@contextmanager
def installation(workload: str) -> Iterator[House]:
    """A fresh one, and what it needs."""
    if workload not in ON_OBJECTS:
        with running_house(settings=SETTINGS) as house:
            yield house
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        running_s3(Path(folder)) as s3,
        running_house(settings=SETTINGS, environment=s3.environment("bench")) as house,
    ):
        yield house


if __name__ == "__main__":
    main(sys.argv[1:])
