"""`messages.deliver`: letters of the spool become messages, and their recipients are settled, in one transaction.

Invariants:
1. A recipient is filed at most once: only one that is ``ready``, under the letter's present fence, is filed; one that
   is ``done`` answers what it answered before.
2. The targets of one filing are filed all together or not at all.
3. Recipients of one letter who end in one mailbox share one copy there, as far as they are filed together; each of
   them is settled with it.

Eight statements a batch, whatever it carries, unless a mailbox must be made or a script wants more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from services.storage.engines.database import Reach
from services.storage.forwarding import Forwarding
from services.storage.handlers.filed_copies import Copies, Lacking
from services.storage.handlers.script_effects import EffectBatch, copies_of, with_names
from services.storage.repositories import contents, letters, mailboxes, sieve_log, spool
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger
from services.storage.repositories.sieve_log import Line
from services.storage.rules.mailbox_finding import find
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Deliver, Delivered, Filing, FilingResult, Target
from shared.contracts.spool import Ready, ready

READY, DONE = "ready", "done"


def deliver(
    flagsets: FlagSets, forwarding: Forwarding, work: UnitOfWork, asked: Sequence[Asked[Deliver]]
) -> list[Delivered | Refused]:
    """File all that waits; each filing has its own verdict."""
    batch = Batch(flagsets, forwarding, work, [filing for each in asked for filing in each.request.filings])
    results = iter([batch.file(filing) for filing in batch.filings])
    batch.save()
    return [Delivered(tuple(islice(results, len(each.request.filings)))) for each in asked]


def reach(asked: Asked[Deliver]) -> Reach:
    """All accounts that get a copy, remember something or have a line logged."""
    accounts: set[int] = set()
    for filing in asked.request.filings:
        accounts.update([target.account for target in _targets(filing)])
        if filing.effects is not None:
            accounts.update([memory.account for memory in filing.effects.memories])
            accounts.update([note.account for note in filing.effects.notes])
            accounts.update([each.once.account for each in filing.effects.mailings if each.once is not None])
    return Reach(accounts)


class Batch:
    """The filings of one transaction, and what they have come to so far."""

    def __init__(
        self, flagsets: FlagSets, forwarding: Forwarding, work: UnitOfWork, filings: Sequence[Filing]
    ) -> None:
        self.forwarding = forwarding
        self.work = work
        self.filings = _found(work.connection, filings)
        self.pending = spool.pending(work.connection, [(filing.letter, filing.number) for filing in filings])
        self.copies = Copies(flagsets, work, Ledger(work.connection), _all_targets(self.filings))
        origins = partial(letters.origins, work.connection)
        effects = [filing.effects for filing in self.filings if filing.effects is not None]
        self.effects = EffectBatch(work, effects, forwarding.sender, origins) if effects else None
        self.filed: dict[tuple[int, int], spool.Filed] = {}
        self.lines: list[Line] = []

    def file(self, filing: Filing) -> FilingResult:
        """File one, in memory; `save` writes it."""
        letter, number = filing.letter, filing.number
        entry = self.pending.get((letter, number))
        if entry is None:
            return FilingResult(letter, number, Code.NOT_FOUND.value, "no such recipient")
        before = self.filed.get((entry.seq, number))
        if before is not None:
            return FilingResult(letter, number, filed=before.filed)
        if entry.state == DONE:
            return FilingResult(letter, number, filed=entry.filed)
        if entry.state != READY or entry.fence != filing.fence:
            return FilingResult(letter, number, Code.STALE.value, f"{entry.state} under fence {entry.fence}")
        try:
            self.copies.check(filing.targets, entry.size)
        except Lacking as lacking:
            return FilingResult(letter, number, lacking.code.value, lacking.reason)
        clash = self._clash(filing)
        if clash is not None:
            return FilingResult(letter, number, Code.CONFLICT.value, f"{clash} is known by now")
        copies = self.copies.distinct(filing.targets)
        told = ""
        if self.effects is not None and filing.effects is not None:
            for mailing in self.effects.take(letter, entry, filing.effects):
                copies = (*copies, *mailing.copies)
            told = filing.effects.told
        where = [self.copies.add(target, entry) for target in copies]
        self.lines += [Line(owner, letter, text) for owner, text in self.copies.take_astray()]
        filed = ", ".join([*where, told] if told else where)
        self.filed[entry.seq, number] = spool.Filed(entry.seq, number, filed, filing.forwards)
        return FilingResult(letter, number, filed=filed)

    def _clash(self, filing: Filing) -> str | None:
        """What the script took for fresh and is known by now."""
        if self.effects is None or filing.effects is None:
            return None
        return self.effects.clash(filing.effects)

    def save(self) -> None:
        """Write all, settle the spool, and announce what arrived."""
        if not self.filed:
            return
        connection, copies = self.work.connection, self.copies
        copies.save()
        copies.ledger.save()
        settled = list(self.filed.values())
        sieve_log.add(connection, self.work.now, self.lines)
        spawned = self.effects.save(copies.uses) if self.effects is not None else 0
        copies.uses.update(spool.settle_filed(connection, self.work.now, settled, self.forwarding.sender))
        contents.adjust(connection, copies.uses)
        copies.tell()
        joined = sum(1 for each in settled if each.forwards)
        if spawned or joined:
            self.work.publish(ready, Ready(spawned, joined))


def _found(connection: Connection, filings: Sequence[Filing]) -> Sequence[Filing]:
    """``filings`` with each mailbox called by its name, also where something else finds it."""
    owners = {target.account for filing in filings for target in _targets(filing) if target.where is not None}
    if not owners:
        return filings
    rows = mailboxes.names(connection, owners)
    return [_renamed(filing, rows) for filing in filings]


def _renamed(filing: Filing, rows: Sequence[Any]) -> Filing:
    effects = filing.effects
    return filing._replace(
        targets=find(filing.targets, rows), effects=None if effects is None else with_names(effects, rows)
    )


def _targets(filing: Filing) -> Iterator[Target]:
    yield from filing.targets
    if filing.effects is not None:
        yield from copies_of(filing.effects)


def _all_targets(filings: Sequence[Filing]) -> Iterator[Target]:
    for filing in filings:
        yield from filing.targets if filing.effects is None else _targets(filing)
