"""FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 section 3.1.4)."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.fetching.items import Page, render
from services.imap.fetching.plan import Plan, plan
from services.imap.fetching.rows import list_rows
from services.imap.fetching.whole import send_whole
from services.imap.marking import mark_seen
from shared.protocols.imap.syntax.fetch import Fetch, Item

_PAGE = 1000  # messages rendered at once


async def handle(context: MailboxContext, command: Fetch) -> Done:
    """Send what was asked of each message, out of the nearest place that has it."""
    if command.changed_since is not None or Item.MODSEQ in command.items:
        use_modseqs(context.account)
    uids = context.uids(command.numbers, uid=command.uid)
    if command.changed_since is not None:
        uids = _changed(context, uids, command.changed_since)
    steps = plan(command.items, uid=command.uid, modseq=command.changed_since is not None)
    if not uids:
        return _done(context)
    if steps.bodies:
        await send_whole(context, uids, steps)
    elif not steps.columns:
        await _send_view(context, uids, steps)
    elif steps.marks and context.writable:
        await _send_marked(context, uids, steps)
    else:
        await list_rows(context, uids, steps)
    return _done(context)


def _done(context: MailboxContext) -> Done:
    """OK; with a hint where messages that the client still counts are gone (RFC 5530)."""
    return Done("Some messages are gone", b"EXPUNGEISSUED") if context.snapshot.missing else DONE


def _changed(context: MailboxContext, uids: array[int], since: int) -> array[int]:
    """Those of ``uids`` that changed after the modseq ``since``."""
    view, changed = context.view, array("I")
    for uid in sorted(set(view.changed_since(since))):
        place, position = bisect_left(uids, uid), view.position(uid)
        if place < len(uids) and uids[place] == uid and position >= 0 and view.modseqs[position] > since:
            changed.append(uid)
    return changed


async def _send_view(context: MailboxContext, uids: array[int], steps: Plan) -> None:
    for start in range(0, len(uids), _PAGE):
        place = context.snapshot.locate(uids[start : start + _PAGE])
        if place.uids:
            context.talk.out.write(render(Page(context, place), steps.items))
            await context.talk.out.room()


async def _send_marked(context: MailboxContext, uids: array[int], steps: Plan) -> None:
    """Header fields without PEEK: \\Seen is set page by page, and told where it was."""
    flagged = steps if steps.flags else steps._replace(items=(*steps.items, Item.FLAGS), flags=True)
    for start in range(0, len(uids), _PAGE):
        page = uids[start : start + _PAGE]
        await list_rows(context, page, flagged if await mark_seen(context, page) else steps)
