"""SORT and UID SORT (RFC 5256, RFC 5957, RFC 6203 section 6), with RETURN (RFC 5267)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No
from services.imap.message_limit import must_find
from services.imap.searching.answer import Result, answer, check_tag, saving
from services.imap.searching.evaluate import found, relevancies
from services.imap.searching.filters import filled_in
from services.imap.searching.order import sort
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.syntax.sort import Sort


async def handle(context: MailboxContext, command: Sort) -> Done:
    """Tell which messages fit, in order."""
    check_tag(context, command.returns)
    if command.modseq:
        use_modseqs(context.account)
    with saving(context, command.returns):
        return await _sort(context, command)


async def _sort(context: MailboxContext, command: Sort) -> Done:
    key = await filled_in(context.account, command.key)
    must_find(context, key)
    uids = await found(context, key, context.account.settings.command_seconds)
    place = context.snapshot.locate(uids)
    modseq = max((place.columns.modseqs[at] for at in place.positions), default=0) if command.modseq else None
    ordered = await _ordered(context, command, key, uids)
    numbers = ordered if command.uid else _sequences(context, uids, ordered)
    if command.returns is None:
        context.talk.out.write(responses.sort(numbers, modseq))
        return DONE
    result = Result(key, command.criteria, ordered, numbers, modseq, uid=command.uid)
    return await answer(context, command.returns, result)


async def _ordered(context: MailboxContext, command: Sort, key: Key, uids: array[int]) -> array[int]:
    """In the order of the criteria; relevancy, the best first, goes before all others."""
    criteria = command.criteria
    if not any(each.name == "RELEVANCY" for each in criteria):
        return await sort(context, uids, criteria)
    first, others = criteria[0], criteria[1:]
    if first.name != "RELEVANCY" or any(each.name == "RELEVANCY" for each in others):
        raise No("RELEVANCY must be the first sort key", "CANNOT")
    scores = await relevancies(context, key, uids)
    if others:
        uids = await sort(context, uids, others)
    return array("I", sorted(uids, key=scores.__getitem__, reverse=not first.reverse))


def _sequences(context: MailboxContext, uids: array[int], ordered: array[int]) -> Sequence[int]:
    place = context.snapshot.locate(uids)
    sequences = dict(zip(place.uids, place.sequences, strict=True))
    return [sequences[uid] for uid in ordered if uid in sequences]
