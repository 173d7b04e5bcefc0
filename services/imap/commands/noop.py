"""NOOP (RFC 3501 section 6.1.2)."""

from __future__ import annotations

from services.imap.context import DONE, Context, Done
from shared.protocols.imap.syntax.noop import Noop


async def handle(context: Context, command: Noop) -> Done:
    """Nothing: the news are told with the answer to every command."""
    return DONE
