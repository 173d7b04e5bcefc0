"""NOOP."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import ok


async def noop(context: Context, _: None) -> None:
    context.out.write(ok())
