"""CANCELUPDATE (RFC 5267 section 4.3.5)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import Bad
from shared.protocols.imap.syntax.cancelupdate import CancelUpdate


async def handle(context: MailboxContext, command: CancelUpdate) -> Done:
    """Follow some searches no longer."""
    if not context.updates.keys() >= set(command.tags):
        raise Bad("No search with this tag is followed")
    for tag in command.tags:
        context.updates.pop(tag, None)
    return DONE
