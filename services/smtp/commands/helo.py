"""HELO: a client that knows no extensions."""

from __future__ import annotations

from services.smtp.commands.ehlo import greet
from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.helo import Helo


async def handle(context: Context, command: Helo) -> Reply:
    await greet(context, command.name, extended=False)
    return reply(250, "", context.shared.settings.hostname)
