"""MYRIGHTS (RFC 4314 section 3.5)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rights import shown
from shared.contracts import acl
from shared.contracts.acl import MyRights
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import myrights as syntax


async def handle(context: AccountContext, command: syntax.MyRights) -> Done:
    """Tell what the user may do in a mailbox."""
    reply = await context.call(acl.my_rights, MyRights(context.grant, context.names.inward(command.mailbox)))
    context.talk.out.write(responses.my_rights(command.mailbox, shown(reply.rights), utf8=context.dialect.utf8))
    return DONE
