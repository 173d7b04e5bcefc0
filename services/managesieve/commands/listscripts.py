"""LISTSCRIPTS (RFC 5804 section 2.7)."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.contracts import sieve
from shared.protocols.managesieve import responses


async def listscripts(context: Context, _: None) -> None:
    listed = await context.client.call(sieve.listing, sieve.ListRequest(context.grant))
    for script in listed.scripts:
        name = responses.string(script.name)
        context.out += responses.line(name, b"ACTIVE") if script.active else responses.line(name)
    context.out += responses.ok()
