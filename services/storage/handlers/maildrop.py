"""POP3's view of INBOX: a lock by lease, and removal at QUIT (RFC 1939 sections 4 and 6).

Invariant: at most one session holds a maildrop. A lock that was not renewed in time goes to whoever asks next; until
then it is still its holder's.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from sqlalchemy import bindparam, select

from services.storage.handlers.messages_expunge import REMOVABLE, remove
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, write
from services.storage.repositories import contents
from services.storage.repositories import maildrop as locks
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules import names
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import maildrop as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.maildrop import LEASE, Close, Hold, Maildrop, OpenRequest

SIZES = (
    select(message.c.uid, message.c.size).where(message.c.mailbox_id == bindparam("mailbox")).order_by(message.c.uid)
)


def rows(flagsets: FlagSets) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        write(contract.open, partial(one_by_one, take)),
        write(contract.hold, partial(one_by_one, hold)),
        write(contract.close, partial(one_by_one, partial(close, flagsets))),
    )


def take(work: UnitOfWork, asked: Asked[OpenRequest]) -> Maildrop:
    """Take or renew the lock and list what is there."""
    ledger = Ledger(work.connection)
    ledger.load_names([(asked.account, names.INBOX)])
    state = ledger.names.get((asked.account, names.INBOX))
    if state is None:
        raise Refused(Code.NOT_FOUND, "no INBOX")
    holder = locks.holder(work.connection, state.id)
    if holder is not None and holder.session != asked.request.session and holder.until > work.now:
        raise Refused(Code.IN_USE)
    locks.lock(work.connection, state.id, asked.request.session, work.now + LEASE)
    found = work.connection.execute(SIZES, {"mailbox": state.id}).all()
    return Maildrop(state.id, state.uidvalidity, pack_u32(row.uid for row in found), pack_u32(r.size for r in found))


def hold(work: UnitOfWork, asked: Asked[Hold]) -> Done:
    """Renew the lock."""
    state = _owned(Ledger(work.connection), asked.request.mailbox, asked.account)
    holder = locks.holder(work.connection, state.id)
    if holder is None or holder.session != asked.request.session:
        raise Refused(Code.IN_USE, "the lock was lost")
    locks.lock(work.connection, state.id, asked.request.session, work.now + LEASE)
    return Done()


def close(flagsets: FlagSets, work: UnitOfWork, asked: Asked[Close]) -> Done:
    """Remove and unlock. Asked again after it was done, it says so again."""
    ledger = Ledger(work.connection)
    state = _owned(ledger, asked.request.mailbox, asked.account)
    holder = locks.holder(work.connection, state.id)
    found = REMOVABLE.pick(work.connection, {state.id: unpack_uids(asked.request.delete)})
    if holder is None or holder.session != asked.request.session:
        if found:
            raise Refused(Code.STALE, "the lock was lost")
        return Done()
    uses: Counter[int] = Counter()
    remove(flagsets, work, state, found, author=asked.session, uses=uses)
    contents.adjust(work.connection, uses)
    locks.unlock(work.connection, state.id)
    ledger.save()
    return Done()


def _owned(ledger: Ledger, mailbox: int, account: int) -> MailboxState:
    ledger.load([mailbox])
    state = ledger.owned(mailbox, account)
    if state is None:
        raise Refused(Code.NOT_FOUND, "no such mailbox")
    return state
