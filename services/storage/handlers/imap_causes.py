"""What clients do that scripts are to see (RFC 6785 section 2.2), written down in the same transaction.

Invariant: a mailbox over which no script watches costs a comparison. What scripts do is no cause, but for one: flags
set by a script that saw a message come are a change of flags like any other (section 2.2.3), its script's are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from services.storage.repositories import imap_events, messages
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.imap_events import Event
from services.storage.repositories.ledger import MailboxState
from services.storage.repositories.messages import Message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.imap_events import Cause, Ready, ready


class Doer(NamedTuple):
    """Whose doing it is."""

    account: int
    trace: str


class Reflagged(NamedTuple):
    """A message whose set of flags went from one number to another, in a mailbox with a script."""

    state: MailboxState
    doer: Doer
    uid: int
    before: int
    after: int


def added(work: UnitOfWork, asked: Asked[Any], state: MailboxState, cause: Cause, rows: Sequence[Message]) -> None:
    """Messages came into a mailbox."""
    if state.script is None or not rows:
        return
    doer = Doer(asked.account, asked.trace)
    _write(work, [_event(state.script, doer, row, row.flagset_id, cause) for row in rows])


def reflagged(work: UnitOfWork, flagsets: FlagSets, changes: Sequence[Reflagged]) -> None:
    """Flags of messages were changed."""
    if not changes:
        return
    wanted: dict[int, set[int]] = {}
    for each in changes:
        wanted.setdefault(each.state.id, set()).add(each.uid)
    picked = messages.WHOLE.pick(work.connection, {number: sorted(uids) for number, uids in wanted.items()})
    rows = {(row[0], row[1]): Message._make(row) for row in picked}
    sets = flagsets.flags(work.connection, {number for each in changes for number in (each.before, each.after)})
    events = []
    for state, doer, uid, before, after in changes:
        changed = " ".join(sorted(set(sets[before]) ^ set(sets[after])))
        events.append(_event(state.script or "", doer, rows[state.id, uid], after, Cause.FLAG, changed))
    _write(work, events)


def _event(script: str, doer: Doer, row: Message, flagset: int, cause: Cause, changed: str = "") -> Event:
    where = (row.mailbox_id, row.uid, row.content_id, flagset, row.size, row.date, row.prefix)
    return Event(*where, doer.account, cause.value, changed, script, doer.trace)


def _write(work: UnitOfWork, events: Sequence[Event]) -> None:
    imap_events.add(work.connection, events)
    work.publish(ready, Ready(len(events)))
