"""CAPA (RFC 2449 section 5)."""

from __future__ import annotations

from services.pop3.context import Context
from shared.protocols.pop3.replies import listing


async def capa(context: Context, _: None) -> None:
    context.out.write(listing("capabilities", context.client.capabilities()))
