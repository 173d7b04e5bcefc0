"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4, RFC 4731, RFC 5182, RFC 5267, RFC 7162 section 3.1.5, RFC 9394)."""

from __future__ import annotations

from collections.abc import Sequence

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.message_limit import newest_found
from services.imap.rev2 import must_be_free_to_name_charsets
from services.imap.searching.answer import Result, answer, check_tag, saving
from services.imap.searching.evaluate import found
from services.imap.searching.filters import filled_in
from services.imap.snapshot import Located
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import search as syntax
from shared.protocols.imap.syntax.search_return import ALL, Returns


async def handle(context: MailboxContext, command: syntax.Search) -> Done:
    """Tell which messages fit."""
    if command.charset:
        must_be_free_to_name_charsets(context.account)
    returns = command.returns
    if returns is None and context.account.dialect.rev2:
        returns = ALL  # RFC 9051 has no other answer
    check_tag(context, returns)
    if command.modseq:
        use_modseqs(context.account)
    with saving(context, returns):
        return await _search(context, command, returns)


async def _search(context: MailboxContext, command: syntax.Search, returns: Returns | None) -> Done:
    if command.trouble is not None:
        raise command.trouble
    key = newest_found(context, await filled_in(context.account, command.key))
    uids = await found(context, key, context.account.settings.command_seconds)
    place = context.snapshot.locate(uids)
    numbers: Sequence[int] = place.uids if command.uid else place.sequences
    modseq = _highest_modseq(place, returns) if command.modseq else None
    if returns is None:
        context.talk.out.write(responses.search(numbers, modseq))
        return DONE
    return await answer(context, returns, Result(key, (), place.uids, numbers, modseq, uid=command.uid))


def _highest_modseq(place: Located, returns: Returns | None) -> int:
    """That of all messages told: with MIN and MAX alone, of these (RFC 4731 section 3.2)."""
    positions: Sequence[int] = place.positions
    ends = returns.options & {"MIN", "MAX"} if returns is not None and not returns.partial else frozenset()
    if positions and returns is not None and ends and not returns.options & {"ALL", "COUNT"}:
        positions = [positions[0 if end == "MIN" else -1] for end in ends]
    return max((place.columns.modseqs[at] for at in positions), default=0)
