"""GETSCRIPT (RFC 5804 section 2.9): the text, octet for octet."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.contracts import sieve
from shared.protocols.managesieve import responses


async def getscript(context: Context, name: str) -> None:
    found = await context.client.call(sieve.get, sieve.Get(name, context.grant))
    context.out += responses.line(responses.literal(found.octets)) + responses.ok()
