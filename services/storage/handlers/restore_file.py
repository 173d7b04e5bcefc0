"""`restore.file`: messages of a backup, filed into a mailbox of an account that goes on living.

They get UIDs of their own, as an APPEND's would; flags, date and every octet are those of the backup.
"""

from __future__ import annotations

from functools import partial

from services.storage.handlers.mailboxes_naming import Tree
from services.storage.handlers.notices import tell, tell_list
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, write
from services.storage.repositories import accounts, contents, mailboxes, messages
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.messages import Message
from services.storage.rules import flags, names
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import restore as contract
from shared.contracts.errors import Code, Refused
from shared.contracts.restore import File, Filed
from shared.mail.address import AddressError, canonical


def rows(flagsets: FlagSets) -> tuple[AnyRow, ...]:
    """The one row."""
    return (write(contract.file, partial(one_by_one, partial(file, flagsets))),)


def file(flagsets: FlagSets, work: UnitOfWork, asked: Asked[File]) -> Filed:
    """All messages of one request get neighbouring UIDs and one modseq."""
    request = asked.request
    owner, name = _owner(work, request.address), _name(request.mailbox)
    if not request.messages:
        return Filed(0)
    tree = Tree(work, owner, owner)
    made = name not in tree.ids
    given = [each.new for each in request.messages]
    numbers = contents.intern(work.connection, work.now, [(new.body, new.summary) for new in given])
    state = tree.make(name) if made else tree.state(name)
    previous, modseq, uid = state.modseq, state.advance(), state.take_uids(len(given))
    rows = []
    for offset, (returned, number) in enumerate(zip(request.messages, numbers, strict=True)):
        new, prefix = returned
        kept = flags.canonical(flags.valid(new.flags))
        size = new.summary.size + len(prefix)
        state.count(1, size, flags.bits_of(kept))
        flagset = flagsets.number(work.connection, kept)
        date = int(work.now) if new.date is None else new.date
        rows.append(Message(state.id, uid + offset, number, modseq, flagset, size, date, int(work.now), prefix))
    messages.add(work.connection, rows)
    tree.ledger.save()
    if made:
        mailboxes.subscribe(work.connection, owner, name, True)
        tell_list(work, owner)
    tell(work, flagsets, state.step(previous), rows=[row.view for row in rows])
    return Filed(len(rows))


def _owner(work: UnitOfWork, address: str) -> int:
    try:
        found = accounts.ids(work.connection, [canonical(address)])
    except AddressError as error:
        raise Refused(Code.CANNOT, str(error)) from error
    if not found:
        raise Refused(Code.NOT_FOUND, f"there is no account {address}")
    return next(iter(found.values()))


def _name(text: str) -> str:
    try:
        return names.validate(text)
    except names.BadName as error:
        raise Refused(Code.CANNOT, f"{text}: {error}") from error
