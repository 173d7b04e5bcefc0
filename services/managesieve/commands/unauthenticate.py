"""UNAUTHENTICATE (RFC 5804 section 2.14): log out and stay."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.protocols.managesieve import responses


async def unauthenticate(context: Context, _: None) -> None:
    context.begin(None)
    context.out += responses.ok()
