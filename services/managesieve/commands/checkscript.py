"""CHECKSCRIPT (RFC 5804 section 2.12): is a script right? Nothing is stored."""

from __future__ import annotations

from services.managesieve import scripts
from services.managesieve.context import Context
from shared.protocols.managesieve import responses


async def checkscript(context: Context, octets: bytes) -> None:
    await scripts.check(octets)
    context.out += responses.ok("the script is right")
