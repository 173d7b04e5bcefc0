"""RETR: a whole message. What is too large for the bus is streamed from storage's data port, a piece at a time.

A client that has not said UTF8 gets a surrogate for a header that is not ASCII (RFC 6856 section 2.1), and binary
parts are sent as base64, since POP3 carries lines; then, and only then, there are more octets than LIST told.
"""

from __future__ import annotations

from contextlib import aclosing

from services.pop3.context import Context
from services.pop3.errors import ReplyCut
from services.pop3.output import Output
from shared.contracts.errors import Unavailable
from shared.contracts.messages import Bulk
from shared.mail.parts import leaves
from shared.mail.recoding import Recoder, binary_to_base64, recoded
from shared.mail.surrogate import Surrogate, surrogate
from shared.net.bulk import fetch
from shared.protocols.pop3.stuffing import Stuffer, stuffed


async def retr(context: Context, number: int) -> None:
    transaction, out = context.opened, context.out
    transaction.drop.check(number)
    bulk = await transaction.bodies.take(number)
    ok = b"+OK %d octets\r\n" % bulk.size
    if bulk.url:
        await _stream(out, ok, bulk, Surrogate() if not context.utf8 else None)
    else:
        out.write(ok)
        octets = recoded(bulk.octets, binary_to_base64) if is_binary(bulk) else bulk.octets
        out.write(stuffed(octets if context.utf8 or octets.isascii() else surrogate(octets)))
    context.tally.retr += 1
    context.tally.retr_octets += bulk.size


def is_binary(bulk: Bulk) -> bool:
    """Whether a part says that it is."""
    return b"binary" in bulk.parts and any(part.encoding == "binary" for part in leaves(bulk.parts))


async def _stream(out: Output, ok: bytes, bulk: Bulk, header: Surrogate | None) -> None:
    """``ok`` is said once the message comes; ``header`` makes its header ASCII, where the client needs it.

    Raises `Unavailable` when it does not come.
    """
    stuffer = Stuffer()
    recoder = Recoder(binary_to_base64) if is_binary(bulk) else None

    def shown(piece: bytes) -> bytes:
        piece = recoder.feed(piece) if recoder else piece
        return stuffer.feed(header.feed(piece) if header else piece)

    async with aclosing(fetch(bulk.url)) as pieces:
        first = await anext(pieces, b"")
        for octets in (ok, shown(bulk.octets), shown(first)):
            out.write(octets)
        try:
            async for piece in pieces:
                await out.room()
                out.write(shown(piece))
        except Unavailable as error:
            raise ReplyCut("the message could not be read to its end") from error
    await out.room()
    if recoder:
        rest = recoder.finish()
        out.write(stuffer.feed(header.feed(rest) if header else rest))
    if header:
        out.write(stuffer.feed(header.finish()))
    out.write(stuffer.finish())
