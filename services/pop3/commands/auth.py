"""AUTH (RFC 5034): a SASL exchange in base64 lines; without a mechanism, the list of them."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.contracts.directory import LoggedIn
from shared.protocols.pop3.replies import challenge, listing, ok
from shared.protocols.pop3.syntax.auth import Auth
from shared.runtime.authentication import Authentication, finish


async def auth(context: Context, arguments: Auth) -> None:
    if not context.client.secure:
        raise CommandRefused("start TLS first")
    if not arguments.mechanism:
        context.out.write(listing("mechanisms", context.client.mechanisms))
        return

    async def ask(line: bytes) -> bytes:
        return await context.client.ask(challenge(line))

    async def prove(authentication: Authentication) -> LoggedIn:
        login, words = await authentication.by_exchange(arguments.mechanism, arguments.initial, ask)
        await finish(ask, words)
        return login

    context.begin(await context.client.log_in(arguments.mechanism, prove))
    context.out.write(ok("logged in"))
