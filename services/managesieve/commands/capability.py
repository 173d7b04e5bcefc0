"""CAPABILITY (RFC 5804 section 2.4)."""

from __future__ import annotations

from services.managesieve.capabilities import pairs
from services.managesieve.context import Context
from shared.protocols.managesieve import responses


async def capability(context: Context, _: None) -> None:
    context.out += responses.capabilities(pairs(context)) + responses.ok()
