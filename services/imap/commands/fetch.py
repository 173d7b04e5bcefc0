"""FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 sections 3.1.4 and 3.2.6)."""

from __future__ import annotations

from array import array

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import Bad
from services.imap.fetching.plan import Plan, plan, with_flags
from services.imap.fetching.rows import list_rows
from services.imap.fetching.viewed import changed, send_viewed
from services.imap.fetching.whole import send_whole
from services.imap.history import known_uids, tell_vanished
from services.imap.marking import mark_seen
from shared.protocols.imap.syntax.fetch import Fetch, Item

_PAGE = 1000  # messages marked at once


async def handle(context: MailboxContext, command: Fetch) -> Done:
    """Send what was asked of each message, out of the nearest place that has it."""
    since = command.modifiers.changed_since
    if command.modifiers.vanished and not context.account.dialect.vanished:
        raise Bad("ENABLE QRESYNC first")
    if since is not None or Item.MODSEQ in command.items:
        use_modseqs(context.account)
    if command.modifiers.vanished and since is not None:
        await tell_vanished(context, known_uids(context, command.numbers), since)
    uids = context.uids(command.numbers, uid=command.uid)
    if since is not None:
        uids = changed(context, uids, since)
    steps = plan(command.items, uid=command.uid, modseq=since is not None)
    if uids:
        await _send(context, uids, steps)
    if context.snapshot.missing:  # a hint that messages which the client still counts are gone (RFC 5530)
        return Done("Some messages are gone", b"EXPUNGEISSUED")
    return DONE


async def _send(context: MailboxContext, uids: array[int], steps: Plan) -> None:
    if steps.bodies:
        await send_whole(context, uids, steps)
    elif not steps.columns:
        await send_viewed(context, uids, steps)
    elif steps.marks and context.marks_seen:
        await _send_marked(context, uids, steps)
    else:
        await list_rows(context, uids, steps)


async def _send_marked(context: MailboxContext, uids: array[int], steps: Plan) -> None:
    """Header fields without PEEK: \\Seen is set page by page, and told where it was."""
    flagged = with_flags(steps, modseq=context.account.dialect.modseqs)
    for start in range(0, len(uids), _PAGE):
        page = uids[start : start + _PAGE]
        await list_rows(context, page, flagged if await mark_seen(context, page) else steps)
