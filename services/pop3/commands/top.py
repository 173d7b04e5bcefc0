"""TOP: the header block and the first lines of the body."""

from __future__ import annotations

from contextlib import aclosing

from services.pop3.commands.retr import is_binary
from services.pop3.context import Context
from services.pop3.errors import CommandRefused
from shared.contracts.messages import Bulk
from shared.mail.recoding import Recoder, binary_to_base64
from shared.mail.surrogate import surrogate
from shared.net.bulk import fetch
from shared.protocols.pop3.head import HeadCutter
from shared.protocols.pop3.replies import ResponseCode, ok
from shared.protocols.pop3.stuffing import stuffed
from shared.protocols.pop3.syntax.top import Top

LIMIT = 8 * 1024 * 1024  # octets that one TOP shows


async def top(context: Context, arguments: Top) -> None:
    transaction = context.opened
    transaction.drop.check(arguments.number)
    if arguments.lines:
        octets = await _head(await transaction.bodies.take(arguments.number), arguments.lines)
    else:
        octets = await transaction.headers.take(arguments.number)
    context.out.write(ok())
    context.out.write(stuffed(octets if context.utf8 or octets.isascii() else surrogate(octets)))
    context.tally.top += 1
    context.tally.top_octets += len(octets)
    await context.out.room()


async def _head(bulk: Bulk, lines: int) -> bytes:
    cutter = HeadCutter(lines)
    recoder = Recoder(binary_to_base64) if is_binary(bulk) else None
    shown = bytearray(cutter.feed(recoder.feed(bulk.octets) if recoder else bulk.octets))
    if bulk.url:
        async with aclosing(fetch(bulk.url)) as pieces:
            async for piece in pieces:
                shown += cutter.feed(recoder.feed(piece) if recoder else piece)
                if cutter.done:
                    break
                if len(shown) > LIMIT:
                    raise CommandRefused("more than TOP can show; use RETR", ResponseCode.SYS_PERM)
    if recoder and not cutter.done:
        shown += cutter.feed(recoder.finish())
    return bytes(shown)
