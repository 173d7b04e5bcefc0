"""QUIT: end, and remove what is marked (the UPDATE state, RFC 1939 section 6).

+OK is said after the commit and not before. If it fails, nothing is claimed: the client finds its messages again.
"""

from __future__ import annotations

from services.pop3.context import Context, State
from shared.protocols.pop3.replies import ok


async def quit(context: Context, _: None) -> None:
    context.state = State.OVER
    transaction = context.transaction
    if transaction is not None:
        await transaction.tenure.close(transaction.drop.marked_uids())
        context.transaction = None
        context.tally.deleted = transaction.drop.marked
    context.out.write(ok("bye"))
