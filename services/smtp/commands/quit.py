"""QUIT: goodbye."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.quit import Quit

BYE = reply(221, "2.0.0", "Bye")


async def handle(context: Context, command: Quit) -> Reply:
    return BYE
