"""From the results of filing, and from troubles, to verdicts and what the spool is told of them. Pure.

What was filed is settled already, in the transaction that filed it. The rest waits for its next attempt, or is held
for an operator: nothing is given up here, since no bounce would tell the sender.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from services.delivery.journal import DEFERRED, HELD, SENT, STALE, Verdict
from services.delivery.routing import FULL, UNKNOWN, Task, Trouble
from services.delivery.schedule import Schedule
from shared.contracts.errors import Code
from shared.contracts.messages import FilingResult
from shared.contracts.spool import Outcome, Settlement, Status

_STATUS = {DEFERRED: Status.DEFERRED, HELD: Status.HELD}
_TROUBLES = {Code.OVER_QUOTA.value: FULL, Code.NOT_FOUND.value: UNKNOWN}


def judge(tasks: Sequence[Task], results: Iterable[FilingResult], schedule: Schedule, now: float) -> list[Verdict]:
    """One verdict for each task; ``results`` are those of the tasks with a filing, in any order."""
    known = {(result.letter, result.number): result for result in results}
    return [_judge(task, known.get((task.letter.id, task.due.number)), schedule, now) for task in tasks]


def _judge(task: Task, result: FilingResult | None, schedule: Schedule, now: float) -> Verdict:
    trouble = task.trouble
    if trouble is None:
        if result is None:
            return _postpone(task, Trouble("4.3.0", "storage gave no result"), schedule, now)
        if not result.error:
            return Verdict(task, SENT, "2.0.0", filed=result.filed)
        if result.error == Code.STALE.value:
            return Verdict(task, STALE, "4.3.0", result.reason)
        trouble = _TROUBLES.get(result.error) or Trouble("4.3.0", f"{result.error}: {result.reason}")
    if trouble.final:
        return Verdict(task, HELD, trouble.code, trouble.reason)
    return _postpone(task, trouble, schedule, now)


def _postpone(task: Task, trouble: Trouble, schedule: Schedule, now: float) -> Verdict:
    again = schedule.next_attempt(task.letter.accepted, now, task.due.attempts)
    if again is None:
        return Verdict(task, HELD, "5.4.7", f"too old to be tried again; last: {trouble.code} {trouble.reason}")
    return Verdict(task, DEFERRED, trouble.code, trouble.reason, next_attempt=again)


def without_stale(verdicts: Iterable[Verdict], stale: Collection[str]) -> list[Verdict]:
    """``verdicts``, of which those on ``stale`` letters were not taken: another claim decides on them."""
    return [
        verdict._replace(status=STALE) if verdict.status in _STATUS and verdict.task.letter.id in stale else verdict
        for verdict in verdicts
    ]


def settlements(verdicts: Iterable[Verdict]) -> tuple[Settlement, ...]:
    """What `spool.settle` must hear: outcomes, and letters to let go because forwards joined them."""
    outcomes: dict[tuple[str, int], list[Outcome]] = {}
    for task, status, code, reason, _, next_attempt in verdicts:
        if status in _STATUS:
            outcome = Outcome(task.due.number, _STATUS[status], code, reason, next_attempt)
            outcomes.setdefault((task.letter.id, task.letter.fence), []).append(outcome)
        elif status == SENT and task.filing is not None and task.filing.forwards:
            outcomes.setdefault((task.letter.id, task.letter.fence), [])
    return tuple([Settlement(letter, fence, tuple(some)) for (letter, fence), some in outcomes.items()])
