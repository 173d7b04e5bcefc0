"""BDAT: a chunk of the message follows (RFC 3030). Its octets are taken off the wire whatever we think of it."""

from __future__ import annotations

from services.smtp import reception
from services.smtp.context import Context
from services.smtp.intake import Intake
from services.smtp.replies import BAD_SEQUENCE
from services.smtp.state import Phase
from services.smtp.transaction import Transaction
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.bdat import Bdat
from shared.protocols.smtp.syntax.mail import Body


def keywords(context: Context) -> tuple[str, ...]:
    return ("CHUNKING", "BINARYMIME")


async def handle(context: Context, command: Bdat) -> Reply:
    talk, transaction, phase = context.talk, context.state.transaction, context.state.phase
    if transaction is None or phase not in (Phase.RCPT, Phase.CHUNKS):
        await _drop(context, command)
        return BAD_SEQUENCE
    intake = transaction.intake
    if intake is None:
        intake = transaction.intake = reception.begin(context, transaction)
    talk.core.expect_chunk(command.size, first=phase is Phase.RCPT)
    while (octets := await talk.chunk()) is not None:
        await intake.take(octets)
    return await _answer(context, command, transaction, intake)


async def _answer(context: Context, command: Bdat, transaction: Transaction, intake: Intake) -> Reply:
    if command.last:
        if context.talk.core.line_ends.broken and transaction.mail.body is not Body.BINARY:
            await intake.refuse(reception.BARE)
        return await reception.finish(context, transaction, intake)
    if intake.refusal:  # the client has no reason to send more
        return await reception.finish(context, transaction, intake)
    return reply(250, "2.0.0", f"{command.size} octets received")


async def _drop(context: Context, command: Bdat) -> None:
    context.talk.message_begins()
    context.talk.core.expect_chunk(command.size, first=True)
    while await context.talk.chunk() is not None:
        pass
