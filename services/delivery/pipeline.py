"""The way of one claimed batch: route, filter, file, settle, record.

This is the room's door: what storage and the bus raise ends here. Nothing is lost by it, since the spool forgets a
recipient only in the transaction that files it; a letter without a verdict comes back when its lease lapses.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from services.delivery.fate import ALIAS, LOCAL, SENT, Fate
from services.delivery.filing import file_all
from services.delivery.house import House, Tools
from services.delivery.journal import Verdict
from services.delivery.reports import Reports
from services.delivery.routing import FULL, FULL_FOR_GOOD, Task, route
from services.delivery.settle import TOLD, judge, settlements, without_stale
from services.delivery.sieve.filtering import Filtering
from shared.contracts import spool
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.messages import Changed, Effects, Filing, FilingResult, Mailing
from shared.contracts.spool import Letter, Recipient, Settle, Settlement

_CLASHES = 3  # times that scripts run again since others were faster


class Pipeline:
    """Serves claimed letters."""

    def __init__(self, house: House, tools: Tools, filtering: Filtering) -> None:
        self._bus = house.bus
        self._full = FULL_FOR_GOOD if house.settings.full_mailbox == "refuse" else FULL
        self._schedule = tools.schedule
        self._leases = tools.leases
        self._insistence = tools.insistence
        self._filtering = filtering
        self._reporter = tools.reporter
        self._journal = tools.journal
        self._wall_clock = house.wall_clock

    async def work(self, letters: Sequence[Letter], claimed: float) -> None:
        """Serve all due recipients of ``letters``, claimed at Unix time ``claimed``. Raises nothing."""
        self._leases.hold(letters)
        try:
            if not await self._served(letters, claimed) and len(letters) > 1:
                for letter in letters:
                    await self._served((letter,), claimed)
        finally:
            self._leases.release(letters)

    async def _served(self, letters: Sequence[Letter], claimed: float) -> bool:
        """False when a bug of ours stopped the work: the letters are then served one by one.

        So only the culprit goes without a verdict, and storage holds it after its third claim.
        """
        try:
            await self._serve(letters, claimed)
        except (Refused, Unavailable) as error:
            self._journal.abandoned(len(letters), str(error))
            if self._insistence.is_over:
                await self._give_back(letters)
        except Exception as error:  # noqa: BLE001 - the one catch point of this room
            self._journal.bug([letter.id for letter in letters], error)
            return False
        return True

    async def _give_back(self, letters: Sequence[Letter]) -> None:
        """Let others have the letters now instead of when the lease ends, if storage can be told."""
        with suppress(Refused, Unavailable):
            await self._bus.call(spool.settle, Settle(tuple([Settlement(one.id, one.fence, ()) for one in letters])))

    async def _serve(self, letters: Sequence[Letter], claimed: float) -> None:
        routed = [task for letter in letters for task in route(letter, self._full)]
        filing = self._wall_clock()
        tasks, results = await self._file(letters, routed)
        now = self._wall_clock()
        verdicts = judge(tasks, results, self._schedule, now, self._full)
        verdicts, reports = await self._reported(verdicts)
        told = settlements(verdicts, tasks, reports)
        if told:
            settled = await self._insistence.ask(letters, lambda: self._bus.call(spool.settle, Settle(told)))
            verdicts = without_stale(verdicts, settled.stale)
        for verdict in verdicts:
            self._journal.attempt(verdict, claimed, filing, now)
        self._journal.claim(len(letters), verdicts, now - claimed)

    async def _file(
        self, letters: Sequence[Letter], routed: Sequence[Task]
    ) -> tuple[Sequence[Task], list[FilingResult]]:
        """File what can be filed: the tasks as their scripts made them, and the results.

        Where another filing has taken what a script found free (a memory of `duplicate`), the script runs again.
        """
        ask = self._insistence.ask
        tasks: Sequence[Task] = routed
        done: list[FilingResult] = []
        again = routed
        for attempt in range(_CLASHES + 1):
            if any(map(self._filtering.concerns, again)):
                filtered = await ask(letters, partial(self._filtering.apply, again))
                tasks = _replaced(tasks, filtered)
                again = filtered
            filings = [await self._with_receipt(task, task.filing) for task in again if task.filing is not None]
            results = await ask(letters, partial(file_all, self._bus, filings)) if filings else []
            clashed = {(one.letter, one.number) for one in results if one.error == Code.CONFLICT.value}
            last = attempt == _CLASHES or not clashed
            done += [one for one in results if last or (one.letter, one.number) not in clashed]
            if last:
                break
            again = [task for task in routed if (task.letter.id, task.due.number) in clashed]
        return tasks, done

    async def _with_receipt(self, task: Task, filing: Filing) -> Filing:
        """With the report that the sender wants when this is filed, to be sent in the transaction that files it.

        An alias for one address elsewhere gets none: that one is asked for its own (RFC 3461 section 5.2.7).
        """
        if "SUCCESS" not in task.due.notify or (len(filing.forwards) == 1 and not filing.targets):
            return filing
        fate = Fate(task.due, SENT, "2.0.0", "", ALIAS if filing.forwards else LOCAL)
        _, reports = await self._reporter.told(task.letter, [fate])
        effects = filing.effects or Effects()
        mailings = tuple(
            [
                Mailing(
                    each.letter,
                    "",
                    (Recipient(each.recipient, notify=("NEVER",)),),
                    changed=Changed(each.body, each.summary),
                )
                for each in reports.letters
            ]
        )
        return filing._replace(effects=effects._replace(mailings=effects.mailings + mailings))

    async def _reported(self, verdicts: list[Verdict]) -> tuple[list[Verdict], dict[str, Reports]]:
        """What senders are told of verdicts that are not filed."""
        reports: dict[str, Reports] = {}
        places: dict[str, list[int]] = {}
        for place, verdict in enumerate(verdicts):
            if verdict.status in TOLD:
                places.setdefault(verdict.task.letter.id, []).append(place)
        for letter, some in places.items():
            of = verdicts[some[0]].task.letter
            fates, reports[letter] = await self._reporter.told(of, [verdicts[place].fate for place in some])
            for place, fate in zip(some, fates, strict=True):
                verdicts[place] = verdicts[place]._replace(
                    status=fate.status, code=fate.code, next_attempt=fate.next_attempt
                )
        return verdicts, reports


def _replaced(tasks: Sequence[Task], others: Sequence[Task]) -> list[Task]:
    """``tasks``, with those of ``others`` in the place of their former selves."""
    new = {(task.letter.id, task.due.number): task for task in others}
    return [new.get((task.letter.id, task.due.number), task) for task in tasks]
