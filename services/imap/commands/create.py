"""CREATE (RFC 3501 section 6.3.3, RFC 6154 section 3, RFC 8474 section 4.1)."""

from __future__ import annotations

from services.imap.context import AccountContext, Done
from services.imap.errors import No
from services.imap.object_ids import mailbox_id
from services.imap.rev2 import tell_name
from shared.base.ids import new_ulid
from shared.contracts import mailboxes
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import create as syntax

_USES = {use.lower(): use for use in ("\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash")}


async def handle(context: AccountContext, command: syntax.Create) -> Done:
    """Make a mailbox. A separator at the end only says that children will follow."""
    name = context.names.fresh(command.mailbox)
    if len(command.special_use) > 1:
        raise No("One special use at most", "USEATTR")
    use = ""
    if command.special_use:
        use = _USES.get(command.special_use[0].lower(), "")
        if not use:
            raise No("Unknown special use", "USEATTR")
    made = await context.call(mailboxes.create, mailboxes.Create(context.grant, new_ulid(), name, use))
    tell_name(context, command.mailbox)
    return Done(code=responses.mailbox_id_code(mailbox_id(made.mailbox)))
