"""EXPN: never."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.expn import Expn

NEVER = reply(502, "5.5.1", "EXPN is not available")


async def handle(context: Context, command: Expn) -> Reply:
    return NEVER
