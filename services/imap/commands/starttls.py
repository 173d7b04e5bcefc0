"""STARTTLS (RFC 3501 section 6.2.1)."""

from __future__ import annotations

from services.imap.admission import LoginContext
from services.imap.context import Done, Then
from services.imap.errors import Bad
from shared.protocols.imap.syntax.starttls import StartTls


async def handle(context: LoginContext, command: StartTls) -> Done:
    """Agree to TLS, which begins behind the answer."""
    if not context.talk.connection.can_start_tls:
        raise Bad("TLS is not available here")
    return Done("Begin TLS", then=Then.START_TLS)
