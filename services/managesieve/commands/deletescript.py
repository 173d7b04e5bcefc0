"""DELETESCRIPT (RFC 5804 section 2.10)."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.base.ids import new_ulid
from shared.contracts import sieve
from shared.protocols.managesieve import responses


async def deletescript(context: Context, name: str) -> None:
    await context.client.call(sieve.delete, sieve.Delete(new_ulid(), name, context.grant))
    context.out += responses.ok()
