"""Sums for reports: added up, handed out when their day is over, removed when they were told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from services.storage.tables.reports import report, report_row
from shared.contracts.reports import DAY, Counted

MOST_ROWS = 10_000  # of one report: more ways than these are not told apart, nor told
SETTLING = 300.0  # seconds from the end of a day until the last sums of it are here
SPREAD = 4 * 3_600  # reports go out over so many seconds, each domain's at its own moment
KEEP = 3 * DAY  # seconds after which nobody wants to know any more

KNOWN = select(report.c.id, report.c.kind, report.c.day, report.c.domain).where(
    report.c.day.in_(bindparam("days", expanding=True)), report.c.domain.in_(bindparam("domains", expanding=True))
)
ROWS = select(report_row.c.id, report_row.c.report_id, report_row.c.row).where(
    report_row.c.report_id.in_(bindparam("reports", expanding=True)),
    report_row.c.row.in_(bindparam("rows", expanding=True)),
)
SIZES = (
    select(report_row.c.report_id, func.count())
    .where(report_row.c.report_id.in_(bindparam("reports", expanding=True)))
    .group_by(report_row.c.report_id)
)
ADD = (
    update(report_row).where(report_row.c.id == bindparam("of")).values(times=report_row.c.times + bindparam("more"))
)
DUE = select(report).where(report.c.due <= bindparam("now")).order_by(report.c.due).limit(1)
OF_REPORT = (
    select(report_row.c.id, report_row.c.row, report_row.c.times)
    .where(report_row.c.report_id == bindparam("report"))
    .order_by(report_row.c.id)
)
POSTPONE = (
    update(report)
    .where(report.c.id == bindparam("of"))
    .values(due=bindparam("moment"), attempts=report.c.attempts + 1)
)
OLD = select(report.c.id).where(report.c.day < bindparam("before"))


class Sum(NamedTuple):
    """One line of a report."""

    id: int
    row: bytes
    times: int


def add(connection: Connection, counted: Iterable[Counted]) -> None:
    """Add to the sums."""
    sums: dict[tuple[str, int, str], dict[bytes, int]] = {}
    for each in counted:
        rows = sums.setdefault((each.kind.value, each.day, each.domain), {})
        rows[each.row] = rows.get(each.row, 0) + each.times
    if not sums:
        return
    numbers = _numbers(connection, sums.keys())
    wanted = {(numbers[key], row): more for key, rows in sums.items() for row, more in rows.items()}
    asked = {"reports": list(numbers.values()), "rows": list({row for _, row in wanted})}
    known = {(row.report_id, row.row): row.id for row in connection.execute(ROWS, asked)}
    if known:
        grown = [{"of": number, "more": wanted[key]} for key, number in known.items() if key in wanted]
        connection.execute(ADD, grown)
    fresh = [key for key in wanted if key not in known]
    if fresh:
        _insert(connection, fresh, wanted)


def _insert(connection: Connection, fresh: Sequence[tuple[int, bytes]], wanted: dict[tuple[int, bytes], int]) -> None:
    sizes: dict[int, int] = dict(connection.execute(SIZES, {"reports": list({number for number, _ in fresh})}).all())
    rows: list[dict[str, Any]] = []
    for number, row in fresh:
        sizes[number] = sizes.get(number, 0) + 1
        if sizes[number] <= MOST_ROWS:
            rows.append({"report_id": number, "row": row, "times": wanted[number, row]})
    if rows:
        connection.execute(insert(report_row), rows)


def _numbers(connection: Connection, keys: Iterable[tuple[str, int, str]]) -> dict[tuple[str, int, str], int]:
    """The reports' numbers; those that are not there yet begin."""
    wanted = set(keys)
    asked = {"days": list({day for _, day, _ in wanted}), "domains": list({domain for _, _, domain in wanted})}
    rows = [
        {"kind": kind, "day": day, "domain": domain, "due": _due(kind, day, domain)}
        for kind, day, domain in wanted - _known(connection, asked).keys()
    ]
    if rows:
        connection.execute(insert(report), rows)
    return {key: number for key, number in _known(connection, asked).items() if key in wanted}


def _known(connection: Connection, asked: dict[str, Any]) -> dict[tuple[str, int, str], int]:
    return {(kind, day, domain): number for number, kind, day, domain in connection.execute(KNOWN, asked)}


def _due(kind: str, day: int, domain: str) -> float:
    return (day + 1) * DAY + SETTLING + crc32(f"{kind} {domain}".encode()) % SPREAD


def due(connection: Connection, now: float) -> Any | None:
    """The report that waits longest, if its time has come."""
    return connection.execute(DUE, {"now": now}).first()


def rows(connection: Connection, number: int, octets: int) -> list[Sum]:
    """The first lines of a report, as many as fit."""
    found: list[Sum] = []
    for row in connection.execute(OF_REPORT, {"report": number}):
        octets -= len(row.row) + 16
        if octets < 0 and found:
            break
        found.append(Sum(*row))
    return found


def postpone(connection: Connection, number: int, until: float) -> None:
    """Hand it out again, but later."""
    connection.execute(POSTPONE, {"of": number, "moment": until})


def remove(connection: Connection, number: int, last: int) -> bool:
    """Drop what was told, up to row ``last``; whether there was something. What is left is a report of its own."""
    told = delete(report_row).where(report_row.c.report_id == number, report_row.c.id <= last)
    there = connection.execute(told).rowcount > 0
    if connection.execute(select(func.count()).where(report_row.c.report_id == number)).scalar() == 0:
        connection.execute(delete(report).where(report.c.id == number))
    return there


def forget(connection: Connection, now: float) -> None:
    """Drop what nobody was told in time."""
    old = [row.id for row in connection.execute(OLD, {"before": int((now - KEEP) // DAY)})]
    if old:
        connection.execute(delete(report_row).where(report_row.c.report_id.in_(old)))
        connection.execute(delete(report).where(report.c.id.in_(old)))
