"""Answering a FETCH out of the nearest place that has what was asked."""

from __future__ import annotations

from array import array

from services.imap.context import MailboxContext
from services.imap.fetching.plan import Plan, with_flags
from services.imap.fetching.rows import list_rows
from services.imap.fetching.viewed import send_viewed
from services.imap.fetching.whole import send_whole
from services.imap.marking import mark_seen

_PAGE = 1000  # messages marked at once


async def send(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """FETCH responses for ``uids``, which are not none."""
    if plan.bodies:
        await send_whole(mailbox, uids, plan)
    elif not plan.columns:
        await send_viewed(mailbox, uids, plan)
    elif plan.marks and mailbox.marks_seen:
        await _send_marked(mailbox, uids, plan)
    else:
        await list_rows(mailbox, uids, plan)


async def _send_marked(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """Header fields without PEEK: \\Seen is set page by page, and told where it was."""
    flagged = with_flags(plan, modseq=mailbox.account.dialect.modseqs)
    for start in range(0, len(uids), _PAGE):
        page = uids[start : start + _PAGE]
        await list_rows(mailbox, page, flagged if await mark_seen(mailbox, page) else plan)
