"""NOOP (RFC 5804 section 2.13): gives back what it was given."""

from __future__ import annotations

from services.managesieve.context import Context
from shared.protocols.managesieve import responses


async def noop(context: Context, tag: bytes | None) -> None:
    context.out += responses.ok("done", b"" if tag is None else b"TAG " + responses.string(tag))
