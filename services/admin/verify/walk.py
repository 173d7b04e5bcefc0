"""A walk through all that storage holds, in small steps; what it proved and what it found."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from shared.bus.client import Bus
from shared.contracts import verify
from shared.contracts.verify import Finding, Part, Proof, Report, Step

NAMING = (Part.MESSAGES, Part.EVENTS, Part.LETTERS)  # whose contents are counted
THE_REST = (Part.ACCOUNTS, Part.FLAG_SETS, Part.INDEX, Part.OWNERS)
ASKED = 500  # contents asked for by id
_SWAP = sys.byteorder == "big"


@dataclass
class Verdict:
    """``proved`` counts what was looked at, by proof."""

    proved: Counter[Proof] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)


class Uses:
    """How often each content is named: a number for each id, since ids are dense."""

    def __init__(self) -> None:
        self._counts = array("I")

    def name(self, contents: array[int]) -> None:
        """These are named once more each."""
        highest = max(contents, default=-1)
        if highest >= len(self._counts):
            self._counts.extend(bytes(highest + 1 + 65_536 - len(self._counts)))
        for number in contents:
            self._counts[number] += 1

    def __getitem__(self, number: int) -> int:
        return self._counts[number] if number < len(self._counts) else 0


async def walk(bus: Bus, *, deep: bool) -> Verdict:
    """Prove everything. ``deep``: read all bodies. Raises `Refused`, `Unavailable`."""
    verdict = Verdict()
    uses = Uses()
    for part in NAMING:
        async for report in _reports(bus, part, verdict, deep=deep):
            uses.name(_column(report.contents))
    suspects: list[int] = []
    counted = 0
    async for report in _reports(bus, Part.CONTENTS, verdict, deep=deep):
        ids, said = _column(report.contents), _column(report.uses)
        suspects += [number for number, count in zip(ids, said, strict=True) if count != uses[number]]
        counted += len(ids)
    verdict.proved[Proof.USES] = counted
    for start in range(0, len(suspects), ASKED):  # most of them have changed since they were looked at
        found = await bus.call(verify.step, Step(Part.USES, of=tuple(suspects[start : start + ASKED])))
        verdict.findings += found.findings
    for part in THE_REST:
        async for _ in _reports(bus, part, verdict, deep=deep):
            pass
    await _name_holders(bus, verdict)
    return verdict


async def _reports(bus: Bus, part: Part, verdict: Verdict, *, deep: bool) -> AsyncIterator[Report]:
    after: tuple[int, ...] = ()
    while True:
        report = await bus.call(verify.step, Step(part, after, deep=deep))
        for proof, cases in report.proved:
            verdict.proved[proof] += cases
        verdict.findings += report.findings
        yield report
        if not (after := report.next):
            return


async def _name_holders(bus: Bus, verdict: Verdict) -> None:
    """Say of damaged contents whose messages they are: one finding for each message."""
    damaged = [found for found in verdict.findings if found.proof in (Proof.BODIES, Proof.SUMMARIES)]
    holders: dict[int, list[Finding]] = {}
    for start in range(0, len(damaged), ASKED):
        ids = tuple(found.number for found in damaged[start : start + ASKED])
        for held in (await bus.call(verify.step, Step(Part.HOLDERS, of=ids))).findings:
            holders.setdefault(held.number, []).append(held)
    named: list[Finding] = []
    for found in verdict.findings:
        held_by = holders.get(found.number, []) if found in damaged else []
        named += [held._replace(proof=found.proof, problem=found.problem) for held in held_by] or [found]
    verdict.findings = named


def _column(octets: bytes) -> array[int]:
    column = array("Q")
    column.frombytes(octets)
    if _SWAP:
        column.byteswap()
    return column
