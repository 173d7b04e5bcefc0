"""RENAME (RFC 3501 section 6.3.5)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rev2 import tell_name
from shared.base.ids import new_ulid
from shared.contracts import mailboxes
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.rename import Rename


async def handle(context: AccountContext, command: Rename) -> Done:
    """Give a mailbox and its children another name; it stays the same mailbox, also where it is selected.

    Not so INBOX: a fresh one takes its place, and whoever has it selected has none selected afterwards.
    """
    old = context.names.inward(command.mailbox)
    new = context.names.fresh(command.to)
    await context.call(mailboxes.rename, mailboxes.Rename(context.grant, new_ulid(), old, new))
    tell_name(context, command.to)
    selected = context.selected
    if selected is None:
        return DONE
    if old == "INBOX":
        if selected.name == old:
            context.leave()
            context.talk.out.write(responses.untagged("OK", "The selected mailbox has another name now", b"CLOSED"))
    elif f"{selected.name}/".startswith(f"{old}/"):
        selected.name = new + selected.name[len(old) :]
    return DONE
