"""HELP: where to read on."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.help import Help

READ = reply(214, "2.0.0", "See RFC 5321")


async def handle(context: Context, command: Help) -> Reply:
    return READ
