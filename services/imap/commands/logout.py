"""LOGOUT (RFC 3501 section 6.1.3)."""

from __future__ import annotations

from services.imap.context import Context, Done, Then
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.logout import Logout


async def handle(context: Context, command: Logout) -> Done:
    """Say BYE, then close."""
    context.talk.out.write(responses.untagged("BYE", "Logging out"))
    return Done(then=Then.CLOSE)
