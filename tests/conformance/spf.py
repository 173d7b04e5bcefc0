"""The openspf suite for RFC 7208: zones and checks in YAML, answered from the zones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.authentication.spf.check import Check, check_host
from shared.protocols.dns import NODATA, NXDOMAIN, TIMEOUT, Answer, Exchange, Inquiry, Question, Status
from tests.conformance.verdict import Verdict, absent

FILE = "rfc7208-tests.yml"
Zone = dict[str, list[Any]]


def run(folder: Path) -> Verdict:
    """All tests of ``folder / "spf"``."""
    file = folder / "spf" / FILE
    if not file.is_file():
        return absent("spf", file)
    import yaml

    verdict = Verdict("spf")
    for scenario in yaml.safe_load_all(file.read_text()):
        zone = {str(name).lower(): records for name, records in scenario["zonedata"].items()}
        for name, test in scenario["tests"].items():
            problem = _problem(test, zone)
            if problem:
                verdict.failed.append((f"spf/{name}", problem))
            else:
                verdict.passed.append(f"spf/{name}")
    return verdict


def _problem(test: dict[str, Any], zone: Zone) -> str:
    check = _answered(_inquiry(test), zone)
    wanted = test["result"] if isinstance(test["result"], list) else [test["result"]]
    if check.result.value not in wanted:
        return f"{check.result.value} ({check.why}), not {' or '.join(wanted)}"
    explanation = test.get("explanation", "DEFAULT")
    if explanation != "DEFAULT" and check.explanation != explanation:
        return f"explains {check.explanation!r}, not {explanation!r}"
    return ""


def _inquiry(test: dict[str, Any]) -> Inquiry[Check]:
    sender = test.get("mailfrom") or ""
    domain = sender.rpartition("@")[2] if sender else test["helo"]
    return check_host(test["host"], domain, sender, test["helo"], receiver="receiver.example")


def _answered(inquiry: Inquiry[Check], zone: Zone) -> Check:
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(_answer(zone, question))
    except StopIteration as stop:
        check: Check = stop.value
        return check


def _answer(zone: Zone, question: Question, depth: int = 0) -> Answer:
    records = zone.get(question.name.rstrip(".").lower())
    if records is None or depth > 8:
        return NXDOMAIN
    if "TIMEOUT" in records and not _holds(records, question.kind):
        return TIMEOUT
    found = [
        value for record in records if isinstance(record, dict) for value in _values(record, question.kind, records)
    ]
    if "TIMEOUT" in found:
        return TIMEOUT
    if not found:
        for record in _plain(records):
            if "CNAME" in record:
                return _answer(zone, Question(record["CNAME"], question.kind), depth + 1)
        return NODATA
    return _filled(question.kind, found)


def _plain(records: list[Any]) -> list[dict[str, Any]]:
    return [record for record in records if isinstance(record, dict)]


def _holds(records: list[Any], kind: str) -> bool:
    return any(_values(record, kind, records) for record in _plain(records))


def _values(record: dict[str, Any], kind: str, records: list[Any]) -> list[Any]:
    """A record of type SPF stands for a TXT record too, unless the name says what its TXT records are."""
    if kind in record:
        return [] if record[kind] == "NONE" else [record[kind]]
    if kind == "TXT" and "SPF" in record and not any("TXT" in each for each in _plain(records)):
        return [record["SPF"]]
    return []


def _filled(kind: str, values: list[Any]) -> Answer:
    answer = Answer(Status.FOUND)
    if kind in ("A", "AAAA"):
        return answer._replace(addresses=tuple(values))
    if kind == "MX":
        return answer._replace(exchanges=tuple([Exchange(number, host) for number, host in values]))
    if kind == "PTR":
        return answer._replace(names=tuple(values))
    return answer._replace(texts=tuple([_octets(value) for value in values]))


def _octets(value: str | list[str]) -> bytes:
    return ("".join(value) if isinstance(value, list) else value).encode("utf-8")
