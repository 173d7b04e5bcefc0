"""ENABLE (RFC 5161)."""

from __future__ import annotations

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, AccountContext, Done
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.enable import Enable

_KNOWN = "CONDSTORE"


async def handle(context: AccountContext, command: Enable) -> Done:
    """Switch on what we know; the rest is passed over."""
    news = _KNOWN in command.capabilities and not context.condstore
    context.talk.out.write(responses.enabled([_KNOWN] if news else []))
    if news:
        use_modseqs(context)
    return DONE
