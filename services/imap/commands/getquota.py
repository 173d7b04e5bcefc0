"""GETQUOTA (RFC 9208 section 4.1.1)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.quotas import line, no_root
from shared.contracts import quota
from shared.contracts.errors import Refused
from shared.contracts.quota import RootRequest
from shared.protocols.imap.syntax.getquota import GetQuota


async def handle(context: AccountContext, command: GetQuota) -> Done:
    """Tell usage and limits of a root."""
    try:
        root = await context.call(quota.get, RootRequest(context.grant, command.root))
    except Refused as error:
        raise no_root(error) from error
    context.talk.out.write(line(root, utf8=context.dialect.utf8))
    return DONE
