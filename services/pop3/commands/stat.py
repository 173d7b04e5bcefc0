"""STAT: how many messages there are, and their octets in all."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import ok


async def stat(context: Context, _: None) -> None:
    drop = context.opened.drop
    context.out.write(ok(f"{drop.shown} {drop.octets}"))
