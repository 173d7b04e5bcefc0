"""`messages.replace`: one message in place of another, in one transaction (RFC 8508)."""

from __future__ import annotations

from collections import Counter

from services.storage.handlers import imap_causes
from services.storage.handlers.messages_append import enter
from services.storage.handlers.messages_expunge import REMOVABLE, remove
from services.storage.handlers.notices import tell
from services.storage.repositories import contents, messages, places
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.rules import flags
from services.storage.rules.rights import settable
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.contracts.imap_events import Cause
from shared.contracts.messages import Replace, Replaced


def replace(flagsets: FlagSets, work: UnitOfWork, asked: Asked[Replace]) -> Replaced:
    """Refused, if at all, before anything is written. Only what mailbox and account grow by counts against quotas."""
    request = asked.request
    place = places.find(work.connection, asked.account, request.to)
    ledger = Ledger(work.connection)
    ledger.load([request.mailbox])
    ledger.load_names([place])
    access = Access(ledger)
    source = _source(access, asked)
    target = access.by_place(place, asked.account, "i")
    if isinstance(target, Refused):
        raise target
    leaving = REMOVABLE.pick(work.connection, {source.id: [request.uid]})
    if not leaving:
        raise Refused(Code.NOT_FOUND, "no such message", data="message")
    _, _, _, old_size, _ = leaving[0]
    if not _has_room(source, target, request.new.summary.size, old_size):
        raise Refused(Code.OVER_QUOTA)
    try:
        given = settable(flags.canonical(request.new.flags), access.rights(target, asked.account))
    except flags.BadFlag as error:
        raise Refused(Code.CANNOT, str(error)) from error
    content = contents.intern(work.connection, work.now, [(request.new.body, request.new.summary)])
    previous = target.modseq
    rows = [
        row._replace(content_id=number)
        for row, number in zip(enter(flagsets, work, target, (request.new,), [given]), content, strict=True)
    ]
    messages.add(work.connection, rows)
    imap_causes.added(work, asked, target, Cause.APPEND, rows)
    step = target.step(previous)
    change = tell(work, flagsets, step, rows=[row.view for row in rows], author=asked.session)
    uses: Counter[int] = Counter()
    removed = remove(flagsets, work, source, leaving, author=asked.session, uses=uses)
    contents.adjust(work.connection, uses)
    ledger.save()
    return Replaced(target.uidvalidity, rows[0].uid, change, removed)


def _has_room(source: MailboxState, target: MailboxState, new: int, old: int) -> bool:
    """Whether ``new`` octets may come where ``old`` ones leave."""
    if source is target:
        return target.has_room(0, new - old)
    if source.account is not target.account:
        return target.has_room(1, new)
    return target.has_room(1, new, within=True) and target.account.has_room(0, new - old)


def _source(access: Access, asked: Asked[Replace]) -> MailboxState:
    """Where the old message goes from; that needs what marking and expunging it needs (RFC 8508 section 4.1)."""
    found = access.by_id(asked.request.mailbox, asked.account, "t")
    if not isinstance(found, Refused):
        found = access.by_id(asked.request.mailbox, asked.account, "e")
    if isinstance(found, Refused):
        raise found
    return found
