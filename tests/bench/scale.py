"""``make bench-scale``: 1, 2 and 4 processes of smtp, imap, storage and delivery, on one PostgreSQL.

Two measurements, each of letters and of IMAP commands; both tell what one costs in CPU, the database's included:

- equal load: so many letters and commands a second for each process, far from what the machine could do. That is
  what scaling out is: more processes are started because there is more to do.
- saturated: as many clients for each process as keep the machine busy. All share its cores, the load included, so of
  four processes each gets a quarter of the work that one gets alone, and does less of it at once.

A price is met where no number of processes pays more than `FLAT` above what one process pays; it may fall.

The processes are warm when the equal load begins: what each does once, such as compiling statements, would be charged
to few letters. What they use while nobody asks them for anything is taken off. The word index, which costs the same
for every letter, is put off, so that it does not fall into one measurement and not into the other.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.bench import __main__ as bench
from tests.bench import imap_mix, letters
from tests.bench.figures import Figure, medians
from tests.bench.on_postgres import OnPostgres
from tests.support.house import running_house
from tests.support.postgresql import running_postgres

COUNTS = (1, 2, 4)
SERVICES = ("storage", "delivery", "smtp", "imap")
FLAT = 0.15  # by how much a letter or a command may cost more than with one process of each
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
SETTINGS = bench.SETTINGS + "\n[storage.search]\nquiet = 600.0\npatience = 600.0\n"

# For each process:
SESSIONS, CLIENTS, MESSAGES = 20, 12, 200
LETTER_RATE, COMMAND_RATE = 40.0, 80.0  # a second
LETTERS, SECONDS = 2_000, 5.0  # of a saturated measurement
PACED_SECONDS = 7.5


class Section(NamedTuple):
    """What one measurement gave."""

    title: str
    figures: list[Figure]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    # In turns, since the machine's speed changes within minutes.
    runs = [[measure(count) for count in COUNTS] for _ in range(options.runs)]
    columns = [_middle([run[place] for run in runs]) for place in range(len(COUNTS))]
    print("\n".join(table(columns)))


def measure(count: int) -> list[Section]:
    """Both measurements on ``count`` processes of each service."""
    with running_postgres(DURABLE) as server:
        database = server.url(server.create())
        with running_house(replicas=dict.fromkeys(SERVICES, count), settings=SETTINGS, database=database) as house:
            found = _sections(OnPostgres(house, server), count)
    for section in found:
        print(
            f"{count} of each, {section.title}: " + ", ".join(f"{one.value:.2f}" for one in section.figures),
            flush=True,
        )
    return found


def _sections(house: OnPostgres, count: int) -> list[Section]:
    many_letters = letters.run(house, LETTERS, SESSIONS * count)
    paced_letters = letters.run_paced(house, LETTER_RATE * count, PACED_SECONDS)
    with imap_mix.logged_in(house, CLIENTS * count, MESSAGES) as sessions:
        many_commands = imap_mix.run_all(house, sessions, SECONDS)
        paced_commands = imap_mix.run_paced(house, sessions, COMMAND_RATE * count, PACED_SECONDS)
    return [
        Section(
            f"equal load, {LETTER_RATE:g} letters and {COMMAND_RATE:g} commands a second for each process",
            paced_letters + paced_commands,
        ),
        Section(
            f"saturated, {SESSIONS} SMTP sessions and {CLIENTS} IMAP clients for each process",
            many_letters + many_commands,
        ),
    ]


def _middle(runs: Sequence[Sequence[Section]]) -> list[Section]:
    """The medians of several runs."""
    return [Section(some[0].title, medians([each.figures for each in some])) for some in zip(*runs, strict=True)]


def table(columns: Sequence[Sequence[Section]]) -> Iterable[str]:
    """A row for each figure, a column for each count, and how flat the price is."""
    yield f"{'processes of each service':58}" + "".join(f"{count:>10}" for count in COUNTS)
    for sections in zip(*columns, strict=True):
        yield ""
        yield f"{sections[0].title}:"
        for row in zip(*(section.figures for section in sections), strict=True):
            yield _row(row)


def _row(row: Sequence[Figure]) -> str:
    first, *others = [figure.value for figure in row]
    verdict = ""
    if row[0].name.startswith("server CPU") and first > 0:
        grown = max(others) / first - 1
        verdict = f"  {grown:+.0%} at most, {'met' if grown <= FLAT else 'missed'} ({FLAT:+.0%})"
    name = row[0].name.partition(" (")[0]
    return f"{name:58}" + "".join(f"{figure.value:10.2f}" for figure in row) + f" {row[0].unit}{verdict}"


if __name__ == "__main__":
    main()
