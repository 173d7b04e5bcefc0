"""DELE: mark a message; QUIT removes it."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import ok

_MARKED = ok("marked")


async def dele(context: Context, number: int) -> None:
    drop = context.opened.drop
    drop.check(number)
    drop.mark(number)
    context.out.write(_MARKED)
