"""NOOP: a sign of life."""

from __future__ import annotations

from services.smtp.context import Context
from services.smtp.replies import OK
from shared.protocols.smtp.replies import Reply
from shared.protocols.smtp.syntax.noop import Noop


async def handle(context: Context, command: Noop) -> Reply:
    return OK
