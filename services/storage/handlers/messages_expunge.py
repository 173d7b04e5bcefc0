"""`messages.expunge`, and the removal of message rows that others share (MOVE, POP3's QUIT)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select

from services.storage.engines.prepared import Prepared
from services.storage.handlers.notices import tell
from services.storage.repositories import contents, expunges, messages
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules import flags
from services.storage.rules.packed import unpack_uids
from services.storage.tables.schema import message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.changes import Change
from shared.contracts.errors import Refused
from shared.contracts.messages import EXPUNGED_AT_ONCE, Expunge, Expunged

ALL_MARKED = Prepared(
    select(message.c.mailbox_id, message.c.uid, message.c.flagset_id, message.c.size, message.c.content_id)
    .where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid > bindparam("after"), messages.MARKED)
    .order_by(message.c.uid)
    .limit(bindparam("limit")),
    "mailbox",
    "after",
    "limit",
)
REMOVABLE = messages.Picker(message.c.flagset_id, message.c.size, message.c.content_id)


def expunge(flagsets: FlagSets, work: UnitOfWork, asked: Sequence[Asked[Expunge]]) -> list[Expunged | Refused]:
    """Remove what carries \\Deleted, and nothing else."""
    ledger = Ledger(work.connection)
    ledger.load([each.request.mailbox for each in asked])
    access = Access(ledger)
    uses: Counter[int] = Counter()
    answers: list[Expunged | Refused] = []
    for each in asked:
        state = access.by_id(each.request.mailbox, each.account, "e")
        if isinstance(state, Refused):
            answers.append(state)
        else:
            marked = _marked(flagsets, work, state, each.request)
            rows = marked[:EXPUNGED_AT_ONCE]
            change = remove(flagsets, work, state, rows, author=each.session, uses=uses)
            answers.append(Expunged(change, rows[-1][1] if len(rows) < len(marked) else 0))
    contents.adjust(work.connection, uses)
    ledger.save()
    return answers


def _marked(flagsets: FlagSets, work: UnitOfWork, state: MailboxState, request: Expunge) -> list[Any]:
    """What may be removed; where there is more than one call takes, more than that."""
    if not state.deleted:
        return []
    if request.uids is None:
        return ALL_MARKED.rows(work.connection, state.id, request.after, EXPUNGED_AT_ONCE + 1)
    uids = unpack_uids(request.uids)
    rows = REMOVABLE.pick(work.connection, {state.id: uids[bisect_right(uids, request.after) :]})
    sets = flagsets.flags(work.connection, {row[2] for row in rows})
    marked = {number for number, names in sets.items() if "\\Deleted" in names}
    return [row for row in rows if row[2] in marked]


def remove(
    flagsets: FlagSets,
    work: UnitOfWork,
    state: MailboxState,
    rows: Sequence[Any],
    *,
    author: str,
    uses: Counter[int],
) -> Change:
    """Take ``rows`` (columns of `REMOVABLE`), ascending, out of a mailbox; ``uses`` counts what they give up."""
    previous = state.modseq
    if not rows:
        return tell(work, flagsets, state.step(previous), author=author)
    modseq = state.advance()
    sets = flagsets.flags(work.connection, {row[2] for row in rows})
    bits = {number: flags.bits_of(names) for number, names in sets.items()}
    for _, _, number, size, content_id in rows:
        state.count(-1, size, bits[number])
        uses[content_id] -= 1
    uids = [row[1] for row in rows]
    messages.remove(work.connection, state.id, uids)
    expunges.add(work.connection, work.now, [(state.id, modseq, uid) for uid in uids])
    return tell(work, flagsets, state.step(previous), vanished=uids, author=author)
