"""MAIL: a transaction begins, and the letter gets its id."""

from __future__ import annotations

import trio

from services.smtp.context import Context
from services.smtp.policy import identity, terms
from services.smtp.policy.verdict import Unacceptable
from services.smtp.record import refused
from services.smtp.replies import NEEDS_AUTH, TOO_LARGE
from services.smtp.roles import Role
from services.smtp.transaction import Transaction
from shared.base.ids import new_ulid
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.mail import Mail

OK = reply(250, "2.1.0", "Ok")
NOT_YOURS = reply(553, "5.7.1", "The sender address is not one of yours")


def keywords(context: Context) -> tuple[str, ...]:
    return (f"SIZE {context.shared.settings.message_limit}", "8BITMIME", "SMTPUTF8", *terms.keywords(context))


async def handle(context: Context, command: Mail) -> Reply:
    letter = new_ulid()
    refusal = await _refusal(context, command, letter)
    if refusal is not None:
        refused(context, refusal, command.sender)
        return refusal
    context.state.transaction = Transaction(letter, command, trio.current_time())
    return OK


async def _refusal(context: Context, command: Mail, letter: str) -> Reply | None:
    """Why the transaction may not begin."""
    if command.size > context.shared.settings.message_limit:
        return TOO_LARGE
    refusal = terms.refusal(context, command.terms)
    if refusal is None and context.stranger:
        refusal = await context.shared.door.judge(context.talk.connection.peer_host)
    if refusal is None and context.role is Role.SUBMISSION:
        refusal = await _judge_sender(context, command.sender, letter)
    return refusal


async def _judge_sender(context: Context, sender: str, letter: str) -> Reply | None:
    login = context.state.login
    if login is None:
        return NEEDS_AUTH
    try:
        await identity.fresh_login(context, login, letter)
        if sender and not await identity.owns(context, (sender,), letter):
            return NOT_YOURS
    except Unacceptable as error:
        return error.reply
    return None
