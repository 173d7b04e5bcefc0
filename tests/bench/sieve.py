"""A script of 60 rules: what a run costs by itself, and what it costs a letter on its way to the mailbox."""

from __future__ import annotations

import time
from contextlib import ExitStack

from services.delivery.sieve.running import Program, Scene, run_all
from shared.contracts.sieve import SpooledLetter
from shared.mail.summary import summarise
from shared.sieve.catalogue import REGISTRY
from shared.sieve.message import Envelope
from shared.sieve.script import compile_script
from tests.bench.client import letter
from tests.bench.figures import Figure
from tests.bench.letters import PASSWORD, SIZE, reader, wait_visible
from tests.bench.smtp_load import dialogue, send_all
from tests.support.house import House

RUNS, LETTERS, SESSIONS, ACCOUNTS, RULES = 5_000, 1_000, 20, 20, 60
KINDS = (
    'header :contains "subject" "topic {n}"',
    'address :is :domain "from" "host{n}.example.org"',
    'anyof (header :is "list-id" "<list{n}.example.org>", address :matches "to" "*-{n}@*")',
    'allof (header :matches "subject" "*[{n}]*", not size :over {n}M)',
    'envelope :localpart :is "to" "part{n}"',
    'exists "X-Rule-{n}"',
)


def script() -> str:
    """Rules as people have them: none of them matches, so that all are tried."""
    rules = [f'if {KINDS[n % len(KINDS)].format(n=n)} {{ fileinto "Archive"; stop; }}' for n in range(RULES)]
    return "\n".join(['require ["fileinto", "envelope"];', *rules])


def run(house: House) -> list[Figure]:
    seconds, cpu = alone()
    plain, filtered = (on_the_way(house, prefix) for prefix in ("plain", "filtered"))
    return [
        Figure(f"Sieve runs per second, {RULES} rules", RUNS / seconds, "/s"),
        Figure("  CPU of a run", cpu / RUNS * 1000, "ms", 0.3, at_most=True),
        Figure(f"server CPU per letter, {RULES} rules", filtered, "ms"),
        Figure("  the same without a script", plain, "ms"),
    ]


def alone() -> tuple[float, float]:
    """Seconds and CPU seconds of `RUNS` runs as delivery makes them."""
    octets = letter(SIZE, 1, "ann@example.org")
    shown = SpooledLetter("1", octets, len(octets), 0, summarise(octets).parts)
    envelope = Envelope("load@example.net", "ann@example.org")
    programs = (Program("active script", compile_script(script().encode(), REGISTRY)),)
    started, before = time.perf_counter(), time.process_time()
    for _ in range(RUNS):
        scene = Scene(shown, envelope, "ann@example.org", "mail.example.org", time.time(), time.monotonic)
        assert not run_all(programs, scene, {}).error
    return time.perf_counter() - started, time.process_time() - before


def on_the_way(house: House, prefix: str) -> float:
    """Milliseconds of all services' CPU per letter, for accounts called ``prefix``; with a script where filtered."""
    addresses = house.add_accounts([f"{prefix}{number}" for number in range(ACCOUNTS)], PASSWORD)
    if prefix == "filtered":
        file = house.data / "bench.sieve"
        file.write_text(script())
        for address in addresses:
            house.eilpost("sieve", "put", address, "bench", str(file), "--activate")
    with ExitStack() as stack:
        readers = [stack.enter_context(reader(house, address)) for address in addresses]
        before = house.cpu_seconds()
        send_all(
            house.ports["smtp"],
            (dialogue(addresses[number % ACCOUNTS], number, SIZE) for number in range(LETTERS)),
            SESSIONS,
        )
        wait_visible(readers, LETTERS // ACCOUNTS)
        return (house.cpu_seconds() - before) / LETTERS * 1000
