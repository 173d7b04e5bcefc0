"""SETQUOTA (RFC 9208 section 4.1.3)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from services.imap.quotas import limits, line, no_root
from shared.contracts import quota
from shared.contracts.errors import Refused
from shared.contracts.quota import SetRoot
from shared.protocols.imap.syntax.setquota import SetQuota


async def handle(context: AccountContext, command: SetQuota) -> Done:
    """Replace the limits of a root, and tell how they are now."""
    try:
        root = await context.call(quota.set, SetRoot(context.grant, command.root, *limits(command.limits)))
    except Refused as error:
        raise no_root(error) from error
    context.talk.out.write(line(root, utf8=context.dialect.utf8))
    return DONE
