"""LOGOUT (RFC 5804 section 2.3)."""

from __future__ import annotations

from services.managesieve.context import Context, State
from shared.protocols.managesieve import responses


async def logout(context: Context, _: None) -> None:
    context.state = State.OVER
    context.out += responses.ok("bye")
