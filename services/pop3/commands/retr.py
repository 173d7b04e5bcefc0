"""RETR: a whole message. What is too large for the bus is streamed from storage's data port, a piece at a time."""

from __future__ import annotations

from contextlib import aclosing

from services.pop3.context import Context
from services.pop3.errors import ReplyCut
from services.pop3.output import Output
from shared.contracts.errors import Unavailable
from shared.contracts.messages import Bulk
from shared.net.bulk import fetch
from shared.protocols.pop3.stuffing import Stuffer, stuffed


async def retr(context: Context, number: int) -> None:
    transaction, out = context.opened, context.out
    transaction.drop.check(number)
    bulk = await transaction.bodies.take(number)
    out.write(b"+OK %d octets\r\n" % bulk.size)
    if bulk.url:
        await _stream(out, bulk)
    else:
        out.write(stuffed(bulk.octets))
    context.tally.retr += 1
    context.tally.retr_octets += bulk.size


async def _stream(out: Output, bulk: Bulk) -> None:
    stuffer = Stuffer()
    out.write(stuffer.feed(bulk.octets))
    try:
        async with aclosing(fetch(bulk.url)) as pieces:
            async for piece in pieces:
                out.write(stuffer.feed(piece))
                await out.room()
    except Unavailable as error:
        raise ReplyCut("the message could not be read to its end") from error
    out.write(stuffer.finish())
