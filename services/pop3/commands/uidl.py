"""UIDL: a name for each message that no other will ever have (RFC 1939 section 7)."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.paging import write_pages
from shared.protocols.pop3.replies import ok


async def uidl(context: Context, number: int | None) -> None:
    drop = context.opened.drop
    if number is not None:
        drop.check(number)
        context.out.write(ok(f"{number} {drop.unique_id(number)}"))
        return
    context.out.write(ok(f"{drop.shown} messages"))
    await write_pages(context.out, (f"{shown} {drop.unique_id(shown)}\r\n" for shown in drop.numbers()))
