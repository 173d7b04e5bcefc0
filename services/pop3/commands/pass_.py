"""PASS: the password to the name that USER gave."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.protocols.pop3.replies import ok


async def pass_(context: Context, password: str) -> None:
    if not context.client.secure:
        raise CommandRefused("start TLS first")
    if not context.username:
        raise CommandRefused("USER comes first")
    name, context.username = context.username, ""
    context.begin(await context.client.log_in("USER", lambda by: by.by_password("USER", name, password)))
    context.out.write(ok("logged in"))
