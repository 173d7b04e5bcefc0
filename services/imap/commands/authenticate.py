"""AUTHENTICATE (RFC 3501 section 6.2.2, RFC 4959)."""

from __future__ import annotations

from services.imap.admission import LoginContext
from services.imap.context import Done
from services.imap.errors import Bad, Bye, No
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.authenticate import Authenticate
from shared.protocols.sasl.exchange import Exchange, encoded
from shared.protocols.sasl.mechanism import Abort, Credentials, SaslError
from shared.protocols.sasl.registry import mechanism


async def handle(context: LoginContext, command: Authenticate) -> Done:
    """Run one SASL exchange and log in with what it yields."""
    chosen = mechanism(command.mechanism)
    if chosen is None:
        raise No("Unknown mechanism", "CANNOT")
    if not context.secure:
        raise No("Start TLS first", "PRIVACYREQUIRED")
    try:
        credentials = await _exchange(context, Exchange(chosen), command.initial)
    except Abort as error:
        raise Bad("Authentication cancelled") from error
    except SaslError as error:
        raise Bad("Response malformed") from error
    if credentials.authzid and credentials.authzid != credentials.username:
        raise No("Acting for others is not allowed", "AUTHORIZATIONFAILED")
    await context.admit(chosen.name, credentials.username, credentials.password, credentials.authzid)
    return Done("Logged in", responses.capability_code(context.capabilities()))


async def _exchange(context: LoginContext, exchange: Exchange, initial: bytes | None) -> Credentials:
    step = exchange.start(initial)
    while not isinstance(step, Credentials):
        context.talk.out.write(responses.challenge(encoded(step)))
        line = await context.talk.line(context.patience)
        if line is None:
            raise Bye("The server is closing")
        step = exchange.respond(line)
    return step
