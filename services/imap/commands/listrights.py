"""LISTRIGHTS (RFC 4314 section 3.4)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rights import shown
from shared.contracts import acl
from shared.contracts.acl import GrantableRequest
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.listrights import ListRights


async def handle(context: AccountContext, command: ListRights) -> Done:
    """Tell what somebody can be given: each right by itself, tied to no other."""
    name = context.names.inward(command.mailbox)
    reply = await context.call(acl.grantable, GrantableRequest(context.grant, name, command.identifier))
    told = responses.list_rights(
        command.mailbox, command.written, shown(reply.required), shown(reply.optional), utf8=context.dialect.utf8
    )
    context.talk.out.write(told)
    return DONE
