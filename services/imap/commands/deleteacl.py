"""DELETEACL (RFC 4314 section 3.2)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from shared.contracts import acl
from shared.contracts.acl import Grant, SetAcl
from shared.protocols.imap.syntax.deleteacl import DeleteAcl


async def handle(context: AccountContext, command: DeleteAcl) -> Done:
    """Leave somebody no rights of his own."""
    name = context.names.inward(command.mailbox)
    await context.call(acl.set, SetAcl(context.grant, name, command.identifier, Grant.REPLACE, ""))
    return DONE
