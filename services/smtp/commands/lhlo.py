"""LHLO: EHLO's part in LMTP."""

from __future__ import annotations

from services.smtp.commands.ehlo import greet
from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply
from shared.protocols.smtp.syntax.lhlo import Lhlo


async def handle(context: Context, command: Lhlo) -> Reply:
    await greet(context, command.name, extended=True)
    return Reply(250, "", (context.shared.settings.hostname, *context.keywords(context)))
