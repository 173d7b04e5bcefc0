"""SORT and UID SORT (RFC 5256, RFC 5957), with RETURN (RFC 5267 section 3)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.commands.search import answer
from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.searching.evaluate import found
from services.imap.searching.order import sort
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.sort import Sort


async def handle(context: MailboxContext, command: Sort) -> Done:
    """Tell which messages fit, in order."""
    if command.modseq:
        use_modseqs(context.account)
    uids = await found(context, command.key, context.account.settings.command_seconds)
    place = context.snapshot.locate(uids)
    modseq = max((place.columns.modseqs[at] for at in place.positions), default=0) if command.modseq else None
    ordered = await sort(context, uids, command.criteria)
    numbers = ordered if command.uid else _sequences(context, uids, ordered)
    if command.returns is None:
        context.talk.out.write(responses.sort(numbers, modseq))
        return DONE
    return answer(context, command, ordered, numbers, modseq)


def _sequences(context: MailboxContext, uids: array[int], ordered: array[int]) -> Sequence[int]:
    place = context.snapshot.locate(uids)
    sequences = dict(zip(place.uids, place.sequences, strict=True))
    return [sequences[uid] for uid in ordered if uid in sequences]
