"""POP3's view of INBOX: a lock by lease, and removal at QUIT (RFC 1939 sections 4 and 6).

Invariant: at most one session holds a maildrop. A lock that was not renewed in time goes to whoever asks next; until
then it is still its holder's.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from sqlalchemy import bindparam, select

from services.storage.handlers import reaching
from services.storage.handlers.messages_expunge import REMOVABLE, remove
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, write
from services.storage.repositories import contents
from services.storage.repositories import maildrop as locks
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.maildrop import Holder
from services.storage.rules import names
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import maildrop as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.maildrop import LEASE, Close, Hold, Maildrop, OpenRequest

PAGE = 50_000  # messages; 400 KB on the bus
SIZES = (
    select(message.c.uid, message.c.size)
    .where(message.c.mailbox_id == bindparam("mailbox"), message.c.uid > bindparam("after"))
    .order_by(message.c.uid)
    .limit(PAGE + 1)
)


def rows(flagsets: FlagSets) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        write(contract.open, partial(one_by_one, take), reach=reaching.the_asker),
        write(contract.hold, partial(one_by_one, hold), reach=reaching.its_mailbox),
        write(contract.close, partial(one_by_one, partial(close, flagsets)), reach=reaching.its_mailbox),
    )


def take(work: UnitOfWork, asked: Asked[OpenRequest]) -> Maildrop:
    """Take or renew the lock and list what is there, a page at a time."""
    request = asked.request
    ledger = Ledger(work.connection)
    ledger.load_names([(asked.account, names.INBOX)])
    state = ledger.names.get((asked.account, names.INBOX))
    if state is None:
        raise Refused(Code.NOT_FOUND, "no INBOX")
    holder = locks.holder(work.connection, state.id) or Holder("", 0.0, 0.0)
    opened = holder.opened
    if holder.session != request.session:
        if holder.until > work.now:
            raise Refused(Code.IN_USE)
        if opened + request.delay > work.now:
            raise Refused(Code.LIMIT, "opened a short while ago")
        opened = work.now
    locks.lock(work.connection, state.id, Holder(request.session, work.now + LEASE, opened))
    found = work.connection.execute(SIZES, {"mailbox": state.id, "after": request.after}).all()
    page = found[:PAGE]
    uids, sizes = pack_u32(row.uid for row in page), pack_u32(row.size for row in page)
    return Maildrop(state.id, state.uidvalidity, uids, sizes, more=len(found) > PAGE)


def hold(work: UnitOfWork, asked: Asked[Hold]) -> Done:
    """Renew the lock."""
    state = _owned(Ledger(work.connection), asked.request.mailbox, asked.account)
    holder = locks.holder(work.connection, state.id)
    if holder is None or holder.session != asked.request.session:
        raise Refused(Code.IN_USE, "the lock was lost")
    locks.lock(work.connection, state.id, holder._replace(until=work.now + LEASE))
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
