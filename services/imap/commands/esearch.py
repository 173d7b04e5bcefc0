"""ESEARCH (RFC 7377)."""

from __future__ import annotations

import trio

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, AccountContext, Done, MailboxContext
from services.imap.errors import Bad, No
from services.imap.rev2 import must_be_free_to_name_charsets
from services.imap.searching.answer import Result, answer, check_tag, follow, saving
from services.imap.searching.evaluate import found
from services.imap.searching.filters import filled_in
from services.imap.searching.keys import replaced
from services.imap.searching.sources import named, unlisted
from shared.contracts import mailboxes
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import ListRequest
from shared.protocols.imap import responses
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.esearch import SELECTED, Esearch, Within
from shared.protocols.imap.syntax.search_key import Key, Numbers

_MOST = 1_000  # mailboxes in one search


async def handle(context: AccountContext, command: Esearch) -> Done:
    """Tell of each mailbox that has any which messages fit."""
    if command.charset:
        must_be_free_to_name_charsets(context)
    selected = context.selected
    if selected is None and (
        "UPDATE" in command.returns.options or any(each.within is Within.SELECTED for each in command.sources)
    ):
        raise Bad("No mailbox is selected")
    if selected is not None:
        check_tag(selected, command.returns)
    if command.modseq:
        use_modseqs(context)
    with saving(selected, command.returns):
        await _search_all(context, command)
    return DONE


async def _search_all(context: AccountContext, command: Esearch) -> None:
    if command.trouble is not None:
        raise command.trouble
    selected = context.selected
    key = await filled_in(context, command.key)
    end = trio.current_time() + context.settings.command_seconds
    names = await _names(context, command)
    if selected is not None and any(each.within is Within.SELECTED for each in command.sources):
        await _search(selected, command, key, end)
        names = [name for name in names if name != selected.name]
    searched: set[int] = set()
    for name in names:
        await _search_elsewhere(context, name, command, key, end, searched)
        await context.talk.out.room()


async def _names(context: AccountContext, command: Esearch) -> list[str]:
    if command.sources == SELECTED:
        return []
    reply = await context.call(mailboxes.listing, ListRequest(context.grant))
    names = named(command.sources, reply.mailboxes, context.names.inward)
    names += unlisted(command.sources, reply.mailboxes, context.names.inward)
    if len(names) > _MOST:
        raise No("Too many mailboxes", "LIMIT")
    return names


async def _search_elsewhere(
    context: AccountContext, name: str, command: Esearch, key: Key, end: float, searched: set[int]
) -> None:
    """In a mailbox that is opened for this search alone.

    One that is gone meanwhile is passed over, and one that was ``searched`` by another of its names.
    """
    selected = context.selected
    if selected is not None and selected.name == name:
        await _search(selected, command, key, end)
        return
    try:
        opened, live = await context.mailboxes.open(context.grant, name, writable=False)
    except Refused as error:
        if error.code in (Code.NOT_FOUND, Code.NO_RIGHT):
            return
        raise
    mailbox = MailboxContext(context, live, name, opened, writable=False)
    try:
        if live.mailbox not in searched:
            searched.add(live.mailbox)
            await _search(mailbox, command, key, end)
    finally:
        mailbox.close()


async def _search(mailbox: MailboxContext, command: Esearch, key: Key, end: float) -> None:
    key = replaced(key, lambda each: _by_uid(mailbox, each))
    returns = command.returns
    if mailbox is not mailbox.account.selected:
        returns = returns._replace(options=returns.options - {"UPDATE"})
    uids = await found(mailbox, key, max(0.0, end - trio.current_time()))
    if not uids:  # nothing is told then, not even that there are 0
        if "SAVE" in returns.options:
            mailbox.saved = uids
        if "UPDATE" in returns.options:
            follow(mailbox, Result(key, (), uids, uids, None, uid=True), returns.items)
        return
    place = mailbox.snapshot.locate(uids)
    modseq = max(place.columns.modseqs[at] for at in place.positions) if command.modseq else None
    name = mailbox.account.names.outward(mailbox.name)
    where = responses.mailbox_place(name, mailbox.uidvalidity, utf8=mailbox.account.dialect.utf8)
    await answer(mailbox, returns, Result(key, (), place.uids, place.uids, modseq, uid=True, place=where))


def _by_uid(mailbox: MailboxContext, key: Key) -> Key:
    """Message numbers of this mailbox, those beyond its end left out (RFC 7377 section 2)."""
    if not isinstance(key, Numbers) or key.uid or key.numbers.saved:
        return key
    exists = mailbox.snapshot.exists
    there = [(low, min(high, exists)) for low, high in key.numbers.resolve(exists) if low <= exists]
    uids = mailbox.snapshot.uids_of(SequenceSet(tuple(there)))
    return Numbers(True, SequenceSet(tuple((uid, uid) for uid in uids)))
