"""UNAUTHENTICATE (RFC 8437)."""

from __future__ import annotations

from services.imap.context import AccountContext, Done, Then
from shared.protocols.imap.syntax.unauthenticate import Unauthenticate


async def handle(context: AccountContext, command: Unauthenticate) -> Done:
    """Forget who the client is, behind the answer. TLS and what ID told stay."""
    return Done(then=Then.START_ANEW)
