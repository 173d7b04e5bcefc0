"""DATA: the message follows, up to a line with one dot."""

from __future__ import annotations

from services.smtp import reception
from services.smtp.context import Context
from services.smtp.replies import BAD_SEQUENCE, SEND
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.data import Data
from shared.protocols.smtp.syntax.mail import Body

BINARY_BY_BDAT = reply(503, "5.5.1", "A binary message comes by BDAT")  # RFC 3030 section 3


async def handle(context: Context, command: Data) -> Reply:
    talk, transaction = context.talk, context.state.transaction
    if transaction is None:
        return BAD_SEQUENCE
    if transaction.mail.body is Body.BINARY:
        return BINARY_BY_BDAT
    talk.forbid_ahead("DATA")
    intake = transaction.intake = reception.begin(context, transaction)
    talk.say(SEND)
    talk.core.expect_data()
    while (octets := await talk.chunk()) is not None:
        await intake.take(octets)
    if talk.core.overlong:
        await intake.refuse(reception.OVERLONG)
    return await reception.finish(context, transaction, intake)
