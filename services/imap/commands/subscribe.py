"""SUBSCRIBE and UNSUBSCRIBE (RFC 3501 sections 6.3.6 and 6.3.7)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from shared.contracts import mailboxes
from shared.protocols.imap.syntax import subscribe as syntax


async def handle(context: AccountContext, command: syntax.Subscribe) -> Done:
    """Remember a name, whether such a mailbox exists or not, or forget it."""
    name = context.names.inward(command.mailbox)
    await context.call(mailboxes.subscribe, mailboxes.Subscribe(context.grant, name, command.subscribed))
    return DONE
