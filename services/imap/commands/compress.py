"""COMPRESS (RFC 4978)."""

from __future__ import annotations

from services.imap.context import AccountContext, Done, Then
from services.imap.errors import Bad, No
from shared.protocols.imap.syntax.compress import Compress


async def handle(context: AccountContext, command: Compress) -> Done:
    """Agree to DEFLATE, which begins behind the answer, in both directions."""
    if command.algorithm != "DEFLATE":
        raise Bad("Unknown algorithm")
    if context.talk.compressed:
        raise No("DEFLATE is active already", "COMPRESSIONACTIVE")
    return Done("DEFLATE active", then=Then.COMPRESS)
