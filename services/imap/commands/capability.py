"""CAPABILITY (RFC 3501 section 6.1.1)."""

from __future__ import annotations

from services.imap.context import DONE, Context, Done
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.capability import Capability


async def handle(context: Context, command: Capability) -> Done:
    """Tell what is offered now."""
    context.talk.out.write(responses.capability(context.capabilities()))
    return DONE
