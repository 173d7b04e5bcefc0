"""STARTTLS: nothing that was said before it counts afterwards (RFC 3207 section 4.2)."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.starttls import Starttls

GO_AHEAD = reply(220, "2.0.0", "Ready to start TLS")
NOT_HERE = reply(503, "5.5.1", "TLS cannot start here")


def keywords(context: Context) -> tuple[str, ...]:
    return ("STARTTLS",) if context.talk.connection.can_start_tls else ()


async def handle(context: Context, command: Starttls) -> Reply | None:
    """No reply follows the handshake: the client speaks next."""
    if not context.talk.connection.can_start_tls:
        return NOT_HERE
    context.talk.forbid_ahead("STARTTLS")
    context.talk.say(GO_AHEAD)
    await context.end_transaction()
    await context.talk.start_tls()
    context.state.forget()
    return None
