"""`messages.copy`: COPY and MOVE in one transaction (RFC 3501 section 6.4.7, RFC 6851).

A copy names the same content and keeps flags, internal date and prefix; its save date is now (RFC 8514).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.storage.handlers.messages_expunge import remove
from services.storage.handlers.notices import tell
from services.storage.repositories import contents, messages
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Message
from services.storage.rules import flags, names
from services.storage.rules.changes import Step
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.rules.quota import fits
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Copied, Copy


def copy(flagsets: FlagSets, work: UnitOfWork, asked: Sequence[Asked[Copy]]) -> list[Copied | Refused]:
    """Messages that are gone meanwhile are left out; the order of UIDs is kept."""
    ledger = Ledger(work.connection)
    ledger.load([each.request.mailbox for each in asked])
    ledger.load_names([(each.account, names.canonical(each.request.to)) for each in asked])
    answers: list[Copied | Refused] = []
    for each in asked:
        try:
            answers.append(_copy(flagsets, work, ledger, each))
        except Refused as refused:
            answers.append(refused)
    ledger.save()
    return answers


def _copy(flagsets: FlagSets, work: UnitOfWork, ledger: Ledger, asked: Asked[Copy]) -> Copied:
    """Refused, if at all, before anything is written."""
    request = asked.request
    source = ledger.owned(request.mailbox, asked.account)
    if source is None:
        raise Refused(Code.NOT_FOUND, "no such mailbox")
    target = ledger.names.get((asked.account, names.canonical(request.to)))
    if target is None:
        raise Refused(Code.NOT_FOUND, "no such target", data="target")
    picked = messages.WHOLE.pick(work.connection, {source.id: unpack_uids(request.uids)})
    rows = [Message(*row) for row in picked]
    octets = sum(row.size for row in rows)
    if not request.move and not fits(target.account.quota, target.account.used, octets):
        raise Refused(Code.OVER_QUOTA)
    step, added = _add(flagsets, work, target, rows)
    change = tell(work, flagsets, step, rows=[row.view for row in added], author=asked.session)
    uses = Counter(row.content_id for row in rows)
    removed = None
    if request.move:
        leaving = [(source.id, row.uid, row.flagset_id, row.size, row.content_id) for row in rows]
        removed = remove(flagsets, work, source, leaving, author=asked.session, uses=uses)
    contents.adjust(work.connection, uses)
    old_uids, new_uids = pack_u32([row.uid for row in rows]), pack_u32([row.uid for row in added])
    return Copied(target.uidvalidity, old_uids, new_uids, change, removed)


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
