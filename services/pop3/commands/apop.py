"""APOP: log in by a digest over the greeting and the password (RFC 1939 section 7). Off unless it is switched on, for
the whole service by its setting and for each account by the administrator."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.protocols.pop3.replies import ok
from shared.protocols.pop3.syntax.apop import Apop


async def apop(context: Context, arguments: Apop) -> None:
    stamp = context.client.timestamp
    if not stamp:
        raise CommandRefused("APOP is not offered here")
    context.begin(
        await context.client.log_in(
            "APOP", lambda by: by.by_digest(arguments.name, stamp.encode("ascii"), arguments.digest)
        )
    )
    context.out.write(ok("logged in"))
