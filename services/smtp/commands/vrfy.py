"""VRFY: the same answer for everybody, so that nobody learns who is here."""

from __future__ import annotations

from services.smtp.context import Context
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.vrfy import Vrfy

NEITHER = reply(252, "2.5.0", "Cannot verify, but will accept a message and attempt delivery")


async def handle(context: Context, command: Vrfy) -> Reply:
    return NEITHER
