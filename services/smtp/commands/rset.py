"""RSET: the transaction is forgotten, the greeting and the login are not."""

from __future__ import annotations

from services.smtp.context import Context
from services.smtp.replies import OK
from shared.protocols.smtp.replies import Reply
from shared.protocols.smtp.syntax.rset import Rset


async def handle(context: Context, command: Rset) -> Reply:
    await context.end_transaction()
    return OK
