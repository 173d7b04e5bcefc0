"""NAMESPACE (RFC 2342)."""

from __future__ import annotations

from services.imap.context import DONE, AccountContext, Done
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.namespace import Namespace


async def handle(context: AccountContext, command: Namespace) -> Done:
    """One's own mailboxes without a prefix, those of others, and those that a domain has in common."""
    names = context.names
    prefixes = ("", names.others, names.shared)
    context.talk.out.write(
        responses.namespace([(prefix, names.separator) for prefix in prefixes], utf8=context.dialect.utf8)
    )
    return DONE
