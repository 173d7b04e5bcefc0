"""`messages.append`: messages that a client hands in, one or several at once (RFC 3501 section 6.3.11, RFC 3502)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from services.storage.handlers import imap_causes
from services.storage.handlers.notices import tell
from services.storage.repositories import contents, messages, places
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Message
from services.storage.repositories.places import Place
from services.storage.rules import flags
from services.storage.rules.changes import Step
from services.storage.rules.packed import pack_u32
from services.storage.rules.rights import settable
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.blobs import Body, Summary
from shared.contracts.errors import Code, Refused
from shared.contracts.imap_events import Cause
from shared.contracts.messages import Append, Appended, New


class Plan(NamedTuple):
    """One APPEND that fits: its mailbox, the modseq before, and its rows (content unknown yet)."""

    state: MailboxState
    previous: int
    asked: Asked[Append]
    rows: list[Message]


def append(flagsets: FlagSets, work: UnitOfWork, asked: Sequence[Asked[Append]]) -> list[Appended | Refused]:
    """All messages of one request get neighbouring UIDs and one modseq."""
    where = [places.find(work.connection, each.account, each.request.mailbox) for each in asked]
    ledger = Ledger(work.connection)
    ledger.load_names(where)
    access = Access(ledger)
    plans: list[Plan | Refused] = []
    items: list[tuple[Body, Summary]] = []
    rows: list[Message] = []
    for each, place in zip(asked, where, strict=True):
        plan = _plan(flagsets, work, access, place, each)
        plans.append(plan)
        if isinstance(plan, Plan):
            items += [(new.body, new.summary) for new in each.request.messages]
            rows += plan.rows
    if rows:
        numbers = contents.intern(work.connection, work.now, items)
        new = [row._replace(content_id=number) for row, number in zip(rows, numbers, strict=True)]
        messages.add(work.connection, new)
        ledger.save()
        added = iter(new)
        for plan in plans:
            if isinstance(plan, Plan):
                imap_causes.added(work, plan.asked, plan.state, Cause.APPEND, list(islice(added, len(plan.rows))))
    return [plan if isinstance(plan, Refused) else _appended(flagsets, work, plan) for plan in plans]


def _plan(flagsets: FlagSets, work: UnitOfWork, access: Access, place: Place, asked: Asked[Append]) -> Plan | Refused:
    request = asked.request
    if not request.messages:
        return Refused(Code.MALFORMED, "nothing to append")
    state = access.by_place(place, asked.account, "i")
    if isinstance(state, Refused):
        return state
    if not state.has_room(len(request.messages), sum(new.summary.size for new in request.messages)):
        return Refused(Code.OVER_QUOTA)
    try:
        held = access.rights(state, asked.account)
        sets = [settable(flags.canonical(new.flags), held) for new in request.messages]
    except flags.BadFlag as error:
        return Refused(Code.CANNOT, str(error))
    previous = state.modseq
    return Plan(state, previous, asked, enter(flagsets, work, state, request.messages, sets))


def enter(
    flagsets: FlagSets, work: UnitOfWork, state: MailboxState, news: Sequence[New], sets: Sequence[flags.Flags]
) -> list[Message]:
    """Rows for new messages with these flags, counted in ``state``; content unknown yet."""
    numbers = [flagsets.number(work.connection, each) for each in sets]
    modseq, uid, now = state.advance(), state.take_uids(len(sets)), int(work.now)
    rows = []
    for offset, (new, number, given) in enumerate(zip(news, numbers, sets, strict=True)):
        state.count(1, new.summary.size, flags.bits_of(given))
        date = now if new.date is None else new.date
        rows.append(Message(state.id, uid + offset, 0, modseq, number, new.summary.size, date, now, b""))
    return rows


def _appended(flagsets: FlagSets, work: UnitOfWork, plan: Plan) -> Appended:
    last = plan.rows[-1]
    step = Step(plan.state.id, plan.previous, last.modseq, last.uid + 1)
    change = tell(work, flagsets, step, rows=[row.view for row in plan.rows], author=plan.asked.session)
    return Appended(plan.state.uidvalidity, pack_u32([row.uid for row in plan.rows]), change)
