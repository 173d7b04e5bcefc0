"""UTF8: show headers as they are, be they ASCII or not (RFC 6856 section 2)."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import ok


async def utf8(context: Context, _: None) -> None:
    context.utf8 = True
    context.out.write(ok("UTF-8 it is"))
