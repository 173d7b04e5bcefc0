"""RSET: no message is marked any longer."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import ok


async def rset(context: Context, _: None) -> None:
    drop = context.opened.drop
    drop.unmark_all()
    context.out.write(ok(f"{drop.shown} messages ({drop.octets} octets)"))
