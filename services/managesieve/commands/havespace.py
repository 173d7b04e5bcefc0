"""HAVESPACE (RFC 5804 section 2.5): would PUTSCRIPT find room?"""

from __future__ import annotations

from services.managesieve.context import Context
from shared.contracts import sieve
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.syntax.havespace import HaveSpace


async def havespace(context: Context, command: HaveSpace) -> None:
    await context.client.call(sieve.have_space, sieve.HaveSpace(command.name, command.size, context.grant))
    context.out += responses.ok()
