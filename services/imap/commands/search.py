"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4, RFC 4731, RFC 5182, RFC 7162 section 3.1.5)."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.searching.evaluate import found
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import search as syntax
from shared.protocols.imap.syntax.sort import Sort


async def handle(context: MailboxContext, command: syntax.Search) -> Done:
    """Tell which messages fit."""
    if command.returns is None and context.account.dialect.rev2:
        command = command._replace(returns=frozenset({"ALL"}))  # RFC 9051 has no other answer
    if command.modseq:
        use_modseqs(context.account)
    uids = await found(context, command.key, context.account.settings.command_seconds)
    place = context.snapshot.locate(uids)
    numbers: Sequence[int] = place.uids if command.uid else place.sequences
    modseq = max((place.columns.modseqs[at] for at in place.positions), default=0) if command.modseq else None
    if command.returns is None:
        context.talk.out.write(responses.search(numbers, modseq))
        return DONE
    return answer(context, command, place.uids, numbers, modseq)


def answer(
    context: MailboxContext,
    command: syntax.Search | Sort,
    uids: array[int],
    numbers: Sequence[int],
    modseq: int | None,
) -> Done:
    """The ESEARCH response to what was found, in its order; ``numbers`` are what the client calls ``uids``."""
    returns = command.returns or frozenset()
    if "SAVE" in returns:
        context.saved = _saved(returns, uids)
    if returns != {"SAVE"}:
        context.talk.out.write(responses.esearch(context.talk.tag, returns, numbers, uid=command.uid, modseq=modseq))
    return DONE


def _saved(returns: frozenset[str], uids: array[int]) -> array[int]:
    """What "$" means from now on (RFC 5182 section 2.4): with MIN or MAX alone only these."""
    if not uids or returns & {"ALL", "COUNT"} or not returns & {"MIN", "MAX"}:
        return array("I", sorted(uids))
    ends = {uids[0]} if "MIN" in returns else set()
    if "MAX" in returns:
        ends.add(uids[-1])
    return array("I", sorted(ends))
