"""AUTHENTICATE (RFC 3501 section 6.2.2, RFC 4959)."""

from __future__ import annotations

from services.imap.admission import LoginContext
from services.imap.context import Done
from services.imap.errors import Bad, Bye, No
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.authenticate import Authenticate
from shared.protocols.sasl.mechanism import Abort, OtherIdentity, SaslError, UnknownMechanism


async def handle(context: LoginContext, command: Authenticate) -> Done:
    """Run one SASL exchange and log in with what it yields."""
    if not context.secure:
        raise No("Start TLS first", "PRIVACYREQUIRED")

    async def ask(challenge: bytes) -> bytes:
        context.talk.out.write(responses.challenge(challenge))
        line = await context.talk.line(context.patience)
        if line is None:
            raise Bye("The server is closing")
        return line

    try:
        await context.authenticate(command.mechanism, command.initial, ask)
    except UnknownMechanism as error:
        raise No("Unknown mechanism", "CANNOT") from error
    except Abort as error:
        raise Bad("Authentication cancelled") from error
    except OtherIdentity as error:
        raise No("Acting for others is not allowed", "AUTHORIZATIONFAILED") from error
    except SaslError as error:
        raise Bad("Response malformed") from error
    return Done("Logged in", responses.capability_code(context.capabilities()))
