"""GETACL (RFC 4314 section 3.3)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rights import shown
from shared.contracts import acl
from shared.contracts.acl import AclRequest
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.getacl import GetAcl


async def handle(context: AccountContext, command: GetAcl) -> Done:
    """Tell the list of a mailbox, its owner first."""
    reply = await context.call(acl.get, AclRequest(context.grant, context.names.inward(command.mailbox)))
    entries = [(entry.identifier, shown(entry.rights)) for entry in reply.entries]
    context.talk.out.write(responses.acl(command.mailbox, entries, utf8=context.dialect.utf8))
    return DONE
