"""DELETE (RFC 3501 section 6.3.4)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rev2 import tell_name
from shared.base.ids import new_ulid
from shared.contracts import mailboxes
from shared.contracts.mailboxes import Named
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.delete import Delete


async def handle(context: AccountContext, command: Delete) -> Done:
    """Remove a mailbox; whoever deletes the one it has selected has none selected afterwards."""
    name = context.names.inward(command.mailbox)
    await context.call(mailboxes.delete, Named(context.grant, new_ulid(), name))
    tell_name(context, command.mailbox, gone=True)
    selected = context.selected
    if selected is not None and (selected.live.deleted or selected.name == name):
        context.leave()
        context.talk.out.write(responses.untagged("OK", "The selected mailbox is gone", b"CLOSED"))
    return DONE
