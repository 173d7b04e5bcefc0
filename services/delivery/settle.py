"""From the results of filing, and from troubles, to verdicts and what the spool is told of them. Pure.

What was filed is settled already, in the transaction that filed it. The rest waits for its next attempt, is given up
and reported to its sender, or goes to the far lane.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.delivery.fate import BOUNCED, DEFERRED, SENT, Fate, postponed
from services.delivery.journal import STALE, Verdict
from services.delivery.reports import NONE, Reports
from services.delivery.routing import FULL, UNKNOWN, Task, Trouble
from services.delivery.schedule import Schedule
from shared.contracts.errors import Code
from shared.contracts.messages import FilingResult
from shared.contracts.spool import Outcome, Settlement

TOLD = frozenset({DEFERRED, BOUNCED})  # what `spool.settle` must hear of


def judge(
    tasks: Sequence[Task], results: Iterable[FilingResult], schedule: Schedule, now: float, full: Trouble = FULL
) -> list[Verdict]:
    """One verdict for each task that ends here; ``results`` are those of the tasks with a filing, in any order.

    ``full`` is what becomes of those whose mailbox turned out to be full.
    """
    known = {(result.letter, result.number): result for result in results}
    troubles = {Code.OVER_QUOTA.value: full, Code.NOT_FOUND.value: UNKNOWN}
    return [
        _judge(task, known.get((task.letter.id, task.due.number)), schedule, now, troubles)
        for task in tasks
        if not task.leaves
    ]


def _judge(
    task: Task, result: FilingResult | None, schedule: Schedule, now: float, troubles: Mapping[str, Trouble]
) -> Verdict:
    trouble = task.trouble
    if trouble is None:
        if result is None:
            return _postpone(task, Trouble("4.3.0", "storage gave no result"), schedule, now)
        if not result.error:
            return Verdict(task, SENT, "2.0.0", filed=result.filed)
        if result.error == Code.STALE.value:
            return Verdict(task, STALE, "4.3.0", result.reason)
        trouble = troubles.get(result.error) or Trouble("4.3.0", f"{result.error}: {result.reason}")
    if trouble.final:
        return Verdict(task, BOUNCED, trouble.code, trouble.reason)
    return _postpone(task, trouble, schedule, now)


def _postpone(task: Task, trouble: Trouble, schedule: Schedule, now: float) -> Verdict:
    fate = postponed(task.letter, Fate(task.due, DEFERRED, trouble.code, trouble.reason), schedule, now)
    return Verdict(task, fate.status, fate.code, fate.reason, next_attempt=fate.next_attempt)


def without_stale(verdicts: Iterable[Verdict], stale: Collection[str]) -> list[Verdict]:
    """``verdicts``, of which those on ``stale`` letters were not taken: another claim decides on them."""
    return [
        verdict._replace(status=STALE) if verdict.status in TOLD and verdict.task.letter.id in stale else verdict
        for verdict in verdicts
    ]


def settlements(
    verdicts: Iterable[Verdict], tasks: Iterable[Task], reports: Mapping[str, Reports]
) -> tuple[Settlement, ...]:
    """What `spool.settle` must hear, by letter: outcomes, who leaves, and letters to let go since forwards joined."""
    outcomes: dict[tuple[str, int], list[Outcome]] = {}
    later: dict[tuple[str, int], list[int]] = {}
    for verdict in verdicts:
        task = verdict.task
        key = (task.letter.id, task.letter.fence)
        if verdict.status in TOLD:
            warned = task.due.number in reports.get(task.letter.id, NONE).warned
            outcomes.setdefault(key, []).append(verdict.fate.outcome(warned=warned))
        elif verdict.status == SENT and task.filing is not None and task.filing.forwards:
            outcomes.setdefault(key, [])
    for task in tasks:
        if task.leaves:
            key = (task.letter.id, task.letter.fence)
            outcomes.setdefault(key, [])
            later.setdefault(key, []).append(task.due.number)
    return tuple(
        [
            Settlement(*key, tuple(some), tuple(later.get(key, ())), reports=reports.get(key[0], NONE).letters)
            for key, some in outcomes.items()
        ]
    )
