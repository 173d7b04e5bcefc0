"""The pages EVENTS.md and METRICS.md beside this file, made from what the code says: ``make events`` writes them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from shared.observe import metrics
from shared.observe.events import ANYWHERE, BASE, EVENTS, FIELDS, Event
from shared.observe.metrics import Family

_HERE = Path(__file__).resolve().parent
_AREAS = {
    "bus": "every service: its place on the bus",
    "connection": "smtp, imap, pop3, managesieve: listeners",
    "delivery": "delivery",
    "drain": "smtp, imap, pop3, managesieve: the end of a process",
    "imap": "imap",
    "login": "storage: logins of all protocols",
    "loop": "every service: its event loop",
    "managesieve": "managesieve",
    "master": "the single-machine master",
    "pop3": "pop3",
    "process": "every service, and the master of its children",
    "reports": "delivery makes DMARC and TLS reports; smtp and delivery count for them",
    "smtp": "smtp",
    "spool": "storage: letters on their way",
    "storage": "storage",
}


def events() -> str:
    """EVENTS.md."""
    lines = [
        "# Events",
        "",
        "Made by `make events` from `shared/observe/events.py`. One JSON object a line on stdout. Every line begins",
        f"with {_code(BASE)}; {_code(ANYWHERE)} may stand in any. `?` marks fields that are not always there. Names",
        "are stable; what a peer said stands in values only, cut at 1 KiB.",
        "",
    ]
    for area, some in groupby(EVENTS, lambda event: event.name.partition(".")[0]):
        lines += [
            f"## {area}",
            "",
            f"By {_AREAS[area]}.",
            "",
            "| event | level | says | fields |",
            "|---|---|---|---|",
        ]
        lines += [_row(event) for event in some]
        lines.append("")
    lines += ["## Fields", "", "| field | type | is |", "|---|---|---|"]
    lines += [f"| `{name}` | {field.kind.replace('|', ' or ')} | {field.meaning} |" for name, field in FIELDS.items()]
    return "\n".join(lines) + "\n"


def families() -> list[Family[metrics.AnyMetric]]:
    """All that is counted, by name."""
    found = [value for value in vars(metrics).values() if isinstance(value, Family)]
    return sorted(found, key=lambda family: family.name)


def measures() -> str:
    """METRICS.md."""
    lines = [
        "# Metrics",
        "",
        "Made by `make events` from `shared/observe/metrics.py`. `/metrics` of every process shows those that it has",
        "use for. Labels hold values that our code names; a family keeps at most",
        f"{metrics.MAX_SERIES} series and counts the rest under `other`.",
        "",
        "| metric | kind | labels | counts |",
        "|---|---|---|---|",
    ]
    for family in families():
        labels = _code(family.labels) if family.labels else ""
        lines.append(f"| `eilpost_{family.name}` | {family.kind} | {labels} | {family.description} |")
    return "\n".join(lines) + "\n"


PAGES = {_HERE / "EVENTS.md": events, _HERE / "METRICS.md": measures}


def _row(event: Event) -> str:
    return f"| `{event.name}` | {event.level} | {event.meaning} | {_code(event.fields.split())} |"


def _code(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> None:
    for path, render in PAGES.items():
        path.write_text(render())


if __name__ == "__main__":
    main()
