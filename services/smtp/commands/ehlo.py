"""EHLO: who the client is, and what we offer."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply
from shared.protocols.smtp.syntax.ehlo import Ehlo


async def greet(context: Context, name: str, *, extended: bool) -> None:
    """The session starts anew: a transaction in hand is dropped (RFC 5321 section 4.1.4)."""
    await context.end_transaction()
    context.state.helo, context.state.extended = name, extended


async def handle(context: Context, command: Ehlo) -> Reply:
    await greet(context, command.name, extended=True)
    return Reply(250, "", (context.shared.settings.hostname, *context.keywords(context)))
