"""STARTTLS (RFC 5804 section 2.2): the capabilities are told again under TLS."""

from __future__ import annotations

from services.managesieve.context import Context
from services.managesieve.errors import No


async def starttls(context: Context, _: None) -> None:
    if not context.client.can_start_tls:
        raise No("TLS cannot start here")
    context.client.start_tls_next()
