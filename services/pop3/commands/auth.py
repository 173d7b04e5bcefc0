"""AUTH (RFC 5034): a SASL exchange in base64 lines; without a mechanism, the list of them."""

from __future__ import annotations

from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.protocols.pop3.replies import challenge, listing, ok
from shared.protocols.pop3.syntax.auth import Auth
from shared.protocols.sasl.exchange import Exchange, encoded
from shared.protocols.sasl.mechanism import Challenge
from shared.protocols.sasl.registry import MECHANISMS, mechanism


async def auth(context: Context, arguments: Auth) -> None:
    if not context.client.secure:
        raise CommandRefused("start TLS first")
    if not arguments.mechanism:
        context.out.write(listing("mechanisms", MECHANISMS))
        return
    chosen = mechanism(arguments.mechanism)
    if chosen is None:
        raise CommandRefused("no such mechanism")
    exchange = Exchange(chosen)
    step = exchange.start(arguments.initial)
    while isinstance(step, Challenge):
        step = exchange.respond(await context.client.ask(challenge(encoded(step))))
    context.begin(await context.client.log_in(step, chosen.name))
    context.out.write(ok("logged in"))
