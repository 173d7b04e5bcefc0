"""`messages.deliver`: letters of the spool become messages, and their recipients are settled, in one transaction.

Invariants:
1. A recipient is filed at most once: only one that is ``ready``, under the letter's present fence, is filed; one that
   is ``done`` answers what it answered before.
2. The targets of one filing are filed all together or not at all.
3. Recipients of one letter who end in one mailbox share one copy there, as far as they are filed together; each of
   them is settled with it.
4. All that one batch brings into a mailbox has one modseq and is told in one event.

Eight statements a batch, whatever it carries, unless a mailbox must be made or a script wants more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from services.storage.forwarding import Forwarding
from services.storage.handlers.deliver_effects import EffectBatch
from services.storage.handlers.notices import ViewRow, tell, tell_list
from services.storage.repositories import contents, mailboxes, messages, spool
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Message
from services.storage.repositories.spool import Pending
from services.storage.rules import flags, names
from services.storage.rules.mailbox_finding import find
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Changed, Deliver, Delivered, Filing, FilingResult, Target
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


class Batch:
    """The filings of one transaction, and what they have come to so far."""

    def __init__(
        self, flagsets: FlagSets, forwarding: Forwarding, work: UnitOfWork, filings: Sequence[Filing]
    ) -> None:
        self.flagsets = flagsets
        self.forwarding = forwarding
        self.work = work
        self.filings = _found(work.connection, filings)
        self.now = int(work.now)
        self.pending = spool.pending(work.connection, [(filing.letter, filing.number) for filing in filings])
        self.ledger = Ledger(work.connection)
        self.ledger.load_names(_names(self.filings))
        scripted = any(filing.effects for filing in filings)
        self.effects = EffectBatch(work, filings, forwarding.sender) if scripted else None
        self.rows: list[Message] = []
        self.changed: list[tuple[int, Changed]] = []  # place in `rows`, and what that message holds
        self.arrived: dict[int, list[ViewRow]] = {}
        self.previous: dict[int, int] = {}
        self.filed: dict[tuple[int, int], spool.Filed] = {}
        self.copies: dict[tuple[int, int, Changed | None], str] = {}  # by letter, mailbox and content
        self.uses: Counter[int] = Counter()

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
        refused = self._refusal(filing, entry.size)
        if refused is not None:
            return refused
        copies = filing.targets if len(filing.targets) < 2 else self._distinct(filing.targets)
        told = ""
        if self.effects is not None and filing.effects is not None:
            clash = self.effects.clash(filing.effects)
            if clash is not None:
                return FilingResult(letter, number, Code.CONFLICT.value, f"{clash} is known by now")
            for mailing in self.effects.take(letter, entry, filing.effects):
                copies = (*copies, *mailing.copies)
            told = filing.effects.told
        where = [self._add(target, entry) for target in copies]
        filed = ", ".join([*where, told] if told else where)
        self.filed[entry.seq, number] = spool.Filed(entry.seq, number, filed, filing.forwards)
        return FilingResult(letter, number, filed=filed)

    def _refusal(self, filing: Filing, size: int) -> FilingResult | None:
        """Why this filing cannot be done; its accounts must be there and have room for all targets."""
        wanted: dict[int, tuple[int, int]] = {}
        for target in filing.targets:
            messages, octets = wanted.get(target.account, (0, 0))
            wanted[target.account] = messages + 1, octets + size + len(target.prefix)
        for number, (messages, octets) in wanted.items():
            owner = self.ledger.accounts.get(number)
            if owner is None:
                return FilingResult(filing.letter, filing.number, Code.NOT_FOUND.value, "no such account")
            if not owner.has_room(messages, octets):
                return FilingResult(filing.letter, filing.number, Code.OVER_QUOTA.value, f"account {number} is full")
        for target in filing.targets:
            state = self._present(target)
            if state is not None and not state.has_room(1, size + len(target.prefix), within=True):
                return FilingResult(filing.letter, filing.number, Code.OVER_QUOTA.value, f"{state.name} is full")
        return None

    def _present(self, target: Target) -> MailboxState | None:
        """The mailbox that would take a copy, if it is there already."""
        state = self.ledger.names.get((target.account, names.canonical(target.mailbox)))
        if state is None and not target.create:
            return self.ledger.names.get((target.account, names.INBOX))
        return state

    def _add(self, target: Target, entry: Pending) -> str:
        """One copy into one mailbox; its name and UID, "INBOX/7", as it is told and remembered."""
        state = self._mailbox(target)
        copy = (entry.seq, state.id, target.changed)
        if (known := self.copies.get(copy)) is not None:
            return known
        flagset, bits = self._flagset(target.flags) if target.flags else (0, 0)
        arrived = self.arrived.get(state.id)
        if arrived is None:
            arrived = self.arrived[state.id] = []
            self.previous[state.id] = state.modseq
            state.advance()
        uid = state.take_uids(1)
        prefix, size = target.prefix, entry.size + len(target.prefix)
        if target.changed is not None:
            size = target.changed.summary.size + len(prefix)
            self.changed.append((len(self.rows), target.changed))
        else:
            self.uses[entry.content_id] += 1
            if entry.prefix:
                prefix += entry.prefix
        state.count(1, size, bits)
        arrived.append((uid, state.modseq, flagset, size, self.now))
        self.rows.append(
            Message(state.id, uid, entry.content_id, state.modseq, flagset, size, self.now, self.now, prefix)
        )
        filed = self.copies[copy] = f"{state.name}/{uid}"
        return filed

    def _mailbox(self, target: Target) -> MailboxState:
        return self.ledger.names.get((target.account, names.canonical(target.mailbox))) or self._make(target)

    def _distinct(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """One target for each mailbox: a message that a script changed is still the same (RFC 5293 section 7), and
        the flags given last win (RFC 5232 section 3)."""
        chosen: dict[int, Target] = {}
        for target in targets:
            chosen[self._mailbox(target).id] = target
        return tuple(chosen.values())

    def _make(self, target: Target) -> MailboxState:
        """The mailbox of a name that is not there: made when that is wanted and can be, else INBOX."""
        owner = self.ledger.accounts[target.account]
        wanted = names.INBOX
        if target.create:
            wanted = _valid(target.mailbox) or names.INBOX
        lacking = [(name, "") for name in (*names.parents(wanted), wanted)]
        self.ledger.load_names([(owner.id, name) for name, _ in lacking])
        lacking = [each for each in lacking if (owner.id, each[0]) not in self.ledger.names]
        if lacking:
            mailboxes.add(self.ledger, self.work.now, owner, lacking)
            tell_list(self.work, owner.id)
        return self.ledger.names[owner.id, wanted]

    def _flagset(self, given: flags.Flags) -> tuple[int, int]:
        """Number and bits; a script's flags that no client could set are dropped."""
        kept = flags.canonical(flags.valid(given))
        return self.flagsets.number(self.work.connection, kept), flags.bits_of(kept)

    def save(self) -> None:
        """Write all, settle the spool, and announce what arrived."""
        if not self.filed:
            return
        connection = self.work.connection
        if self.changed:
            self._intern()
        messages.add(connection, self.rows)
        self.ledger.save()
        settled = list(self.filed.values())
        spawned = self.effects.save(self.uses) if self.effects is not None else 0
        self.uses.update(spool.settle_filed(connection, self.work.now, settled, self.forwarding.sender))
        contents.adjust(connection, self.uses)
        for number, rows in self.arrived.items():
            step = self.ledger.mailboxes[number].step(self.previous[number])
            tell(self.work, self.flagsets, step, rows=rows)
        joined = sum(1 for each in settled if each.forwards)
        if spawned or joined:
            self.work.publish(ready, Ready(spawned, joined))

    def _intern(self) -> None:
        """Store what scripts changed, and let their messages name it."""
        numbers = contents.intern(self.work.connection, self.now, [changed for _, changed in self.changed])
        for (place, _), number in zip(self.changed, numbers, strict=True):
            self.rows[place] = self.rows[place]._replace(content_id=number)


def _found(connection: Connection, filings: Sequence[Filing]) -> Sequence[Filing]:
    """``filings`` with each mailbox called by its name, also where something else finds it."""
    owners = {target.account for filing in filings for target in _targets(filing) if target.where is not None}
    if not owners:
        return filings
    rows = mailboxes.names(connection, owners)
    return [_renamed(filing, rows) for filing in filings]


def _renamed(filing: Filing, rows: Sequence[Any]) -> Filing:
    effects = filing.effects
    if effects is not None:
        mailings = tuple(each._replace(copies=find(each.copies, rows)) for each in effects.mailings)
        effects = effects._replace(mailings=mailings)
    return filing._replace(targets=find(filing.targets, rows), effects=effects)


def _targets(filing: Filing) -> Iterator[Target]:
    yield from filing.targets
    for mailing in filing.effects.mailings if filing.effects is not None else ():
        yield from mailing.copies


def _names(filings: Sequence[Filing]) -> set[tuple[int, str]]:
    wanted = set()
    for filing in filings:
        for target in filing.targets if filing.effects is None else _targets(filing):
            wanted.add((target.account, names.INBOX))
            wanted.add((target.account, names.canonical(target.mailbox)))
    return wanted


def _valid(name: str) -> str | None:
    try:
        return names.validate(name)
    except names.BadName:
        return None
