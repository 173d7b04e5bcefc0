"""LOGIN (RFC 3501 section 6.2.3)."""

from __future__ import annotations

from services.imap.admission import LoginContext
from services.imap.context import Done
from services.imap.errors import No
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.login import Login


async def handle(context: LoginContext, command: Login) -> Done:
    """Log in with a password in clear."""
    if not context.secure:
        raise No("Start TLS first", "PRIVACYREQUIRED")
    if not command.username or "\0" in command.username + command.password:
        raise No("Authentication failed", "AUTHENTICATIONFAILED")
    await context.log_in(command.username, command.password)
    return Done("Logged in", responses.capability_code(context.capabilities()))
