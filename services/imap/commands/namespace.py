"""NAMESPACE (RFC 2342)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.namespace import Namespace


async def handle(context: AccountContext, command: Namespace) -> Done:
    """One personal namespace without a prefix."""
    context.talk.out.write(responses.namespace([("", context.names.separator)], utf8=context.dialect.utf8))
    return DONE
