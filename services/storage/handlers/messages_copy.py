"""`messages.copy`: COPY and MOVE in one transaction (RFC 3501 section 6.4.7, RFC 6851).

A copy names the same content and keeps flags, internal date and prefix; its save date is now (RFC 8514).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.storage.handlers import imap_causes
from services.storage.handlers.messages_expunge import remove
from services.storage.handlers.notices import tell
from services.storage.repositories import contents, messages, places
from services.storage.repositories.access import Access
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Message
from services.storage.repositories.places import Place
from services.storage.rules import flags
from services.storage.rules.changes import Step
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.rules.rights import FLAGGING, settable
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.contracts.imap_events import Cause
from shared.contracts.messages import Copied, Copy


def copy(flagsets: FlagSets, work: UnitOfWork, asked: Sequence[Asked[Copy]]) -> list[Copied | Refused]:
    """Messages that are gone meanwhile are left out; the order of UIDs is kept."""
    where = [places.find(work.connection, each.account, each.request.to) for each in asked]
    ledger = Ledger(work.connection)
    ledger.load([each.request.mailbox for each in asked])
    ledger.load_names(where)
    access = Access(ledger)
    answers: list[Copied | Refused] = []
    for each, place in zip(asked, where, strict=True):
        try:
            answers.append(_copy(flagsets, work, access, place, each))
        except Refused as refused:
            answers.append(refused)
    ledger.save()
    return answers


def _copy(flagsets: FlagSets, work: UnitOfWork, access: Access, place: Place, asked: Asked[Copy]) -> Copied:
    """Refused, if at all, before anything is written."""
    request = asked.request
    source = _source(access, asked)
    target = access.by_place(place, asked.account, "i")
    if isinstance(target, Refused):
        raise Refused(target.code, target.text, data="target")
    picked = messages.WHOLE.pick(work.connection, {source.id: unpack_uids(request.uids)})
    rows = list(map(Message._make, picked))
    octets = sum(row.size for row in rows)
    if not target.has_room(len(rows), octets, within=request.move and source.account is target.account):
        raise Refused(Code.OVER_QUOTA)
    allowed = _allowed(flagsets, work, rows, access.rights(target, asked.account))
    step, added = _add(flagsets, work, target, allowed)
    change = tell(work, flagsets, step, rows=[row.view for row in added], author=asked.session)
    uses = Counter(row.content_id for row in rows)
    removed = None
    if request.move:
        leaving = [(source.id, row.uid, row.flagset_id, row.size, row.content_id) for row in rows]
        removed = remove(flagsets, work, source, leaving, author=asked.session, uses=uses)
    contents.adjust(work.connection, uses)
    imap_causes.added(work, asked, target, Cause.COPY, added)
    old_uids, new_uids = pack_u32([row.uid for row in rows]), pack_u32([row.uid for row in added])
    return Copied(target.uidvalidity, old_uids, new_uids, change, removed)


def _source(access: Access, asked: Asked[Copy]) -> MailboxState:
    """Where the messages come from; a move needs what marking and expunging need (RFC 6851 section 4)."""
    request = asked.request
    found = access.by_id(request.mailbox, asked.account, "r")
    for right in "te" if request.move else "":
        if not isinstance(found, Refused):
            found = access.by_id(request.mailbox, asked.account, right)
    if isinstance(found, Refused):
        raise found
    return found


def _allowed(flagsets: FlagSets, work: UnitOfWork, rows: Sequence[Message], rights: str) -> Sequence[Message]:
    """The messages without those flags that may not be set where they go (RFC 4314 section 4)."""
    if FLAGGING.issubset(rights):
        return rows
    sets = flagsets.flags(work.connection, {row.flagset_id for row in rows})
    becomes = {number: flagsets.number(work.connection, settable(names, rights)) for number, names in sets.items()}
    return [row._replace(flagset_id=becomes[row.flagset_id]) for row in rows]


def _add(
    flagsets: FlagSets, work: UnitOfWork, target: MailboxState, rows: Sequence[Message]
) -> tuple[Step, list[Message]]:
    previous = target.modseq
    if not rows:
        return target.step(previous), []
    modseq, first, now = target.advance(), target.take_uids(len(rows)), int(work.now)
    sets = flagsets.flags(work.connection, {row.flagset_id for row in rows})
    bits = {number: flags.bits_of(names) for number, names in sets.items()}
    added = []
    for uid, row in enumerate(rows, first):
        target.count(1, row.size, bits[row.flagset_id])
        added.append(row._replace(mailbox_id=target.id, uid=uid, modseq=modseq, saved=now))
    messages.add(work.connection, added)
    return target.step(previous), added
