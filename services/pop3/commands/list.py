"""LIST: the size of one message, or of all."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.paging import write_pages
from shared.protocols.pop3.replies import ok


async def list_(context: Context, number: int | None) -> None:
    drop = context.opened.drop
    if number is not None:
        drop.check(number)
        context.out.write(ok(f"{number} {drop.size(number)}"))
        return
    context.out.write(ok(f"{drop.shown} messages ({drop.octets} octets)"))
    await write_pages(context.out, (f"{shown} {drop.size(shown)}\r\n" for shown in drop.numbers()))
