"""AUTHENTICATE (RFC 5804 section 2.1): a SASL exchange in strings. What the server says last rides on the OK."""

from __future__ import annotations

from services.managesieve.context import Context
from services.managesieve.errors import No
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.syntax.authenticate import Authenticate


async def authenticate(context: Context, command: Authenticate) -> None:
    if not context.client.secure:
        raise No("start TLS first", b"ENCRYPT-NEEDED")
    login, words = await context.client.authenticate(command.mechanism, command.initial)
    context.begin(login)
    context.out += responses.ok("logged in", b"SASL " + responses.string(words) if words else b"")
