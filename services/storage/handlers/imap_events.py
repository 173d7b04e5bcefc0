"""The imapsieve family: delivery claims what clients did, and brings what scripts make of it (RFC 6785).

Invariants:
1. An event is settled under the fence of its last claim, in the transaction that does all its script wants: so that
   happens once. Settling it again changes nothing.
2. An event leads to something or leaves a line in the log of the mailbox's owner; its message stays as it was then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from services.storage.blobs.tickets import Tickets
from services.storage.forwarding import Forwarding
from services.storage.handlers import reaching
from services.storage.handlers.filed_copies import Copies, Lacking
from services.storage.handlers.imap_causes import Doer
from services.storage.handlers.messages_store import Storing, Wish
from services.storage.handlers.one_by_one import one_by_one
from services.storage.handlers.script_effects import EffectBatch, copies_of, with_names
from services.storage.handlers.sieve_delivery import EACH, MOST_OCTETS, WHOLE
from services.storage.registry import AnyRow, write
from services.storage.repositories import contents, imap_events, mailboxes, sieve_log, spooled
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger
from services.storage.repositories.sieve_log import Line
from services.storage.rules import flags
from services.storage.rules.mailbox_finding import find
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import imap_events as contract
from shared.contracts.acl import RIGHTS
from shared.contracts.errors import Code
from shared.contracts.imap_events import Cause, Claim, Claimed, Happened, ScriptText, Settle, Settled, Verdict
from shared.contracts.messages import Mode, Target
from shared.contracts.sieve import SpooledLetter
from shared.contracts.spool import Ready, ready

GIVEN_UP = 3  # claims without a verdict after which an event is
LOST = "the script could not be run on what happened in {}: given up"


def rows(flagsets: FlagSets, forwarding: Forwarding, tickets: Tickets) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        write(contract.claim, partial(one_by_one, partial(claim, flagsets, tickets)), reach=reaching.nothing),
        write(contract.settle, partial(one_by_one, partial(settle, flagsets, forwarding))),
    )


def claim(flagsets: FlagSets, tickets: Tickets, work: UnitOfWork, asked: Asked[Claim]) -> Claimed:
    """The oldest events that nobody works on, as many as one frame takes, with their messages and scripts."""
    connection, request = work.connection, asked.request
    waiting = imap_events.find(connection, work.now, request.limit)
    if not waiting:
        return Claimed((), next_due=imap_events.next_due(connection, work.now))
    _drop(work, [row for row in waiting if _is_spent(row)])
    live = [row for row in waiting if not _is_spent(row)]
    ids = list(_fitting(live))
    more = len(waiting) == request.limit or len(ids) < len(live)
    if not ids:
        return Claimed((), more=more)
    imap_events.lease(connection, ids, work.now + request.lease)
    shown = imap_events.shown(connection, ids)
    texts = imap_events.texts(connection, {row.owner_id for row in shown}, {row.hash for row in shown})
    octets = spooled.octets(connection, shown, whole=[row for row in shown if _is_whole(row)])
    sets = flagsets.flags(connection, {row.flagset_id for row in shown})
    return Claimed(
        tuple([_happened(tickets, row, text, sets) for row, text in zip(shown, octets, strict=True)]),
        tuple([ScriptText(*each) for each in texts.items()]),
        more=more,
    )


def _is_spent(row: Any) -> bool:
    """Whether nothing can come of an event: its script is gone, or kills whoever runs it."""
    return row.hash is None or row.fence >= GIVEN_UP


def _drop(work: UnitOfWork, spent: Sequence[Any]) -> None:
    if not spent:
        return
    poisoned = [row for row in spent if row.hash is not None]
    sieve_log.add(work.connection, work.now, [Line(row.account_id, "", LOST.format(row.mailbox)) for row in poisoned])
    imap_events.remove(work.connection, [row.id for row in spent])
    for row in spent:
        contents.release(work.connection, {row.content_id: 1})


def _fitting(live: Sequence[Any]) -> Iterator[int]:
    """Ids of the first events that go into one frame, and at least one."""
    octets, hashes = 0, set()
    for place, row in enumerate(live):
        octets += EACH + row.parts + min(row.size, WHOLE)
        if row.hash not in hashes:
            octets += row.text
            hashes.add(row.hash)
        if octets > MOST_OCTETS and place:
            return
        yield row.id


def _is_whole(row: Any) -> bool:
    return not row.location and row.size <= WHOLE


def _happened(tickets: Tickets, row: Any, octets: bytes, sets: dict[int, flags.Flags]) -> Happened:
    prefix = row.prefix
    url = "" if _is_whole(row) or not row.location else tickets.download_url(row.location, row.size - len(prefix))
    shown = SpooledLetter(str(row.id), prefix + octets, row.size, len(prefix), b"" if prefix else row.parts, url)
    return Happened(
        row.id, row.fence, row.owner_id, row.owner, row.user, row.mailbox, Cause(row.cause),
        tuple(row.changed.split()), sets[row.flagset_id], row.script, row.hash, shown,
    )  # fmt: skip


class Held(NamedTuple):
    """The message of an event, as copies and letters are made of it; they get no prefix but what targets say."""

    seq: int
    content_id: int
    size: int
    address: str
    prefix: None = None


def settle(flagsets: FlagSets, forwarding: Forwarding, work: UnitOfWork, asked: Asked[Settle]) -> Settled:
    """Carry verdicts out, each by itself."""
    batch = Batch(flagsets, forwarding, work, asked.request.verdicts)
    errors = tuple([batch.settle(verdict) for verdict in batch.verdicts])
    batch.save()
    return Settled(errors)


class Batch:
    """The verdicts of one transaction."""

    def __init__(
        self, flagsets: FlagSets, forwarding: Forwarding, work: UnitOfWork, verdicts: Sequence[Verdict]
    ) -> None:
        self.work = work
        self.flagsets = flagsets
        self.events = {row.id: row for row in imap_events.shown(work.connection, [one.event for one in verdicts])}
        self.verdicts = self._named(verdicts)
        ledger = Ledger(work.connection)
        ledger.load([row.mailbox_id for row in self.events.values()])
        self.copies = Copies(flagsets, work, ledger, [one for each in self.verdicts for one in _targets(each)])
        effects = [each.effects for each in self.verdicts if each.effects is not None]
        origins = partial(imap_events.origins, work.connection)
        self.effects = EffectBatch(work, effects, forwarding.sender, origins)
        self.settled: list[int] = []
        self.wishes: list[Wish] = []
        self.lines: list[Line] = []

    def _named(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """``verdicts`` with each mailbox called by its name, also where something else finds it."""
        owners = {one.account for each in verdicts for one in _targets(each) if one.where is not None}
        rows = mailboxes.names(self.work.connection, owners) if owners else ()
        named = []
        for each in verdicts:
            effects = None if each.effects is None else with_names(each.effects, rows)
            named.append(each._replace(copies=find(each.copies, rows), effects=effects))
        return named

    def settle(self, verdict: Verdict) -> str:
        """Carry one out, in memory; why that is not to be, else ""."""
        event = self.events.get(verdict.event)
        if event is None or event.id in self.settled:
            return ""
        if event.fence != verdict.fence:
            return Code.STALE.value
        targets = [self._with_prefix(one, event) for one in verdict.copies]
        held = Held(event.id, event.content_id, event.size - len(event.prefix), event.owner)
        try:
            self.copies.check(targets, held.size)
        except Lacking as lacking:
            self.lines.append(
                Line(event.owner_id, event.trace, f"{lacking.reason}; nothing was done in {event.mailbox}")
            )
            self.settled.append(event.id)
            return ""
        if verdict.effects is not None:
            if self.effects.clash(verdict.effects) is not None:
                return Code.CONFLICT.value
            for mailing in self.effects.take(event.trace, held, verdict.effects):
                targets += mailing.copies
        for target in self.copies.distinct(targets):
            self.copies.add(target, held, None if target.changed is not None else event.date)
        self.lines += [Line(owner, event.trace, text) for owner, text in self.copies.take_astray()]
        self._wish(event, verdict)
        self.settled.append(event.id)
        return ""

    def _with_prefix(self, target: Target, event: Any) -> Target:
        """A copy begins as the message does; one that a script changed has that in it."""
        return target if target.changed is not None else target._replace(prefix=event.prefix)

    def _wish(self, event: Any, verdict: Verdict) -> None:
        """Flags are changed as by a client, and seen by the script once more if it was not for flags that it ran."""
        state = self.copies.ledger.mailboxes[event.mailbox_id]
        doer = None if event.cause == Cause.FLAG else Doer(event.account_id, event.trace)
        for mode, names in ((Mode.ADD, verdict.add), (Mode.REMOVE, verdict.remove)):
            given = flags.canonical(flags.valid(names))
            if given:
                self.wishes.append(Wish(state, [event.uid], mode, given, None, "", RIGHTS, doer))
        if verdict.deletes:
            self.wishes.append(Wish(state, [event.uid], Mode.ADD, ("\\Deleted",), None, "", RIGHTS))

    def save(self) -> None:
        """Write all, remove the events, and announce what became different."""
        if not self.settled:
            return
        connection, copies = self.work.connection, self.copies
        copies.save()
        copies.tell()
        storing = Storing(self.flagsets, self.work, self.wishes)
        for wish in self.wishes:
            storing.apply(wish)
        storing.save()
        copies.ledger.save()
        sieve_log.add(connection, self.work.now, self.lines)
        spawned = self.effects.save(copies.uses)
        for number in self.settled:
            copies.uses[self.events[number].content_id] -= 1
        contents.adjust(connection, copies.uses)
        imap_events.remove(connection, self.settled)
        if spawned:
            self.work.publish(ready, Ready(spawned, 0))


def _targets(verdict: Verdict) -> Iterator[Target]:
    yield from verdict.copies
    if verdict.effects is not None:
        yield from copies_of(verdict.effects)
