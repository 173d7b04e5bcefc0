"""STLS (RFC 2595 section 4)."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused


async def stls(context: Context, _: None) -> None:
    if not context.client.can_start_tls:
        raise CommandRefused("TLS cannot start here")
    if context.utf8:
        raise CommandRefused("STLS comes before UTF8")
    context.username = ""
    context.client.start_tls_next()
