"""GETQUOTAROOT (RFC 9208 section 4.1.2)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.quotas import line
from shared.contracts import quota
from shared.contracts.quota import RootsRequest
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.getquotaroot import GetQuotaRoot


async def handle(context: AccountContext, command: GetQuotaRoot) -> Done:
    """Tell the roots of a mailbox, with usage and limits."""
    reply = await context.call(quota.roots, RootsRequest(context.grant, context.names.inward(command.mailbox)))
    names, utf8 = [root.name for root in reply.roots], context.dialect.utf8
    context.talk.out.write(responses.quota_root(command.mailbox, names, utf8=utf8))
    for root in reply.roots:
        context.talk.out.write(line(root, utf8=utf8))
    return DONE
