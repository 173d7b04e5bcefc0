"""PUTSCRIPT (RFC 5804 section 2.6): a script that is wrong is refused, and the one of this name stays as it was."""

from __future__ import annotations

from services.managesieve import scripts
from services.managesieve.context import Context
from shared.base.ids import new_ulid
from shared.contracts import sieve
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.syntax.putscript import PutScript


async def putscript(context: Context, command: PutScript) -> None:
    await scripts.check(command.octets)
    await context.client.call(sieve.put, sieve.Put(new_ulid(), command.name, command.octets, context.grant))
    context.out += responses.ok()
