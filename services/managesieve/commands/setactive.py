"""SETACTIVE (RFC 5804 section 2.8): this script instead of whichever was active, in one transaction."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.base.ids import new_ulid
from shared.contracts import sieve
from shared.protocols.managesieve import responses


async def setactive(context: Context, name: str) -> None:
    await context.client.call(sieve.activate, sieve.Activate(new_ulid(), name, context.grant))
    context.out += responses.ok()
