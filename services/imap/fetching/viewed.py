"""Listings that the view alone answers."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from services.imap.context import MailboxContext
from services.imap.fetching.items import Page, render
from services.imap.fetching.plan import Plan

_PAGE = 1000  # messages rendered at once


async def send_viewed(mailbox: MailboxContext, uids: array[int], plan: Plan) -> None:
    """Answer with what the view knows of ``uids``."""
    for start in range(0, len(uids), _PAGE):
        place = mailbox.snapshot.locate(uids[start : start + _PAGE])
        if place.uids:
            mailbox.talk.out.write(render(Page(mailbox, place), plan.items))
            await mailbox.talk.out.room()


def changed(mailbox: MailboxContext, uids: array[int], since: int) -> array[int]:
    """Those of ``uids`` that changed after the modseq ``since``."""
    view, found = mailbox.view, array("I")
    for uid in sorted(set(view.changed_since(since))):
        place, position = bisect_left(uids, uid), view.position(uid)
        if place < len(uids) and uids[place] == uid and position >= 0 and view.modseqs[position] > since:
            found.append(uid)
    return found
