"""Findings mended one by one; then, where something was, a second look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.admin.output import printable
from services.admin.verify.walk import Verdict
from shared.bus.client import Bus
from shared.contracts import verify
from shared.contracts.verify import Finding, Proof

# In this order: what was replaced changes what is counted afterwards.
ORDER = (
    Proof.OWNERS,
    Proof.FLAGS,
    Proof.BODIES,
    Proof.SUMMARIES,
    Proof.MESSAGES,
    Proof.SPOOL,
    Proof.UIDS,
    Proof.MODSEQS,
    Proof.HISTORY,
    Proof.COUNTERS,
    Proof.QUOTAS,
    Proof.USES,
    Proof.INDEX,
)
WOULD = {
    Proof.OWNERS: "rows that nobody misses would be removed",
    Proof.FLAGS: "the set's bits would be written anew; messages with unknown sets would lose their flags",
    Proof.BODIES: "a text that says what was lost would stand in its place, or what is there be taken as it is",
    Proof.SUMMARIES: "it would be rendered anew",
    Proof.MESSAGES: "its size would be written anew, or a text that says what was lost would stand in its place",
    Proof.SPOOL: "its open recipients would be counted anew, or held where its body is gone",
    Proof.UIDS: "UIDNEXT would be raised",
    Proof.MODSEQS: "HIGHESTMODSEQ would be raised",
    Proof.HISTORY: "its UIDVALIDITY would be raised: its UIDs cannot be kept",
    Proof.COUNTERS: "they would be counted anew",
    Proof.QUOTAS: "they would be counted anew",
    Proof.USES: "they would be counted anew",
    Proof.INDEX: "it would be indexed anew from there on",
}


class Change(NamedTuple):
    """A finding and what was done about it; in a dry run, what would be."""

    finding: Finding
    done: tuple[str, ...]
    left: str = ""

    def lines(self) -> Iterator[str]:
        """For people."""
        done = [*self.done, *([f"left: {self.left}"] if self.left else [])]
        yield f"{told(self.finding)}: {'; '.join(done) or 'it holds no longer'}"

    def as_object(self) -> dict[str, object]:
        """For programs."""
        return {**self.finding._asdict(), "done": self.done, "left": self.left}


def told(found: Finding) -> str:
    """A finding in one line."""
    where = " ".join(part for part in (found.account, found.mailbox, f"UID {found.uid}" if found.uid else "") if part)
    return printable(f"{found.proof.value}: {f'{where}: ' if where else ''}{found.problem}")


async def mend(bus: Bus, verdict: Verdict, *, dry_run: bool) -> list[Change]:
    """Mend what can be mended. Raises `Refused`, `Unavailable`."""
    changes: list[Change] = []
    seen: set[tuple[object, ...]] = set()
    for found in sorted(verdict.findings, key=lambda found: ORDER.index(found.proof)):
        if dry_run:
            changes.append(Change(found, (WOULD[found.proof],)))
            continue
        what = _what(found)
        if what in seen:  # one change mends all that is wrong there
            continue
        seen.add(what)
        mended = await bus.call(verify.mend, found)
        changes.append(Change(found, mended.changes, mended.left))
    return changes


def _what(found: Finding) -> tuple[object, ...]:
    if found.proof is Proof.MESSAGES:
        return found.proof, found.number, found.uid
    return found.proof, found.number
