"""LANG: the language of our replies (RFC 6856 section 3), of which there is one."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.protocols.pop3.replies import listing, ok

TAG = "en"


async def lang(context: Context, wanted: str) -> None:
    """A range matches the language and all that is narrower (RFC 4647 section 3.3.1)."""
    if not wanted:
        context.out.write(listing("languages", (f"{TAG} English",)))
    elif wanted in ("*", TAG):
        context.out.write(ok(f"{TAG} English it is"))
    else:
        raise CommandRefused("no such language")
