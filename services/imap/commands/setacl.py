"""SETACL (RFC 4314 section 3.1)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.rights import expanded
from shared.contracts import acl
from shared.contracts.acl import Grant, SetAcl
from shared.protocols.imap.syntax import setacl as syntax


async def handle(context: AccountContext, command: syntax.SetAcl) -> Done:
    """Change what somebody may do; whoever has the mailbox selected is told at once."""
    name = context.names.inward(command.mailbox)
    rights = expanded(command.rights)
    await context.call(acl.set, SetAcl(context.grant, name, command.identifier, Grant(command.mode), rights))
    return DONE
