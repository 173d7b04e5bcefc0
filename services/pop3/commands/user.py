"""USER: the name that PASS is for. Whether there is such a user is not told."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.protocols.pop3.replies import ok


async def user(context: Context, name: str) -> None:
    if not context.client.secure:
        raise CommandRefused("start TLS first")
    context.username = name
    context.out.write(ok("and the password?"))
