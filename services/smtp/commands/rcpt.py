"""RCPT: every recipient is resolved before it is accepted, so that we never have to bounce to a forged sender."""

from __future__ import annotations

from collections.abc import Sequence

from services.smtp.context import Context
from services.smtp.policy import relay
from services.smtp.replies import BAD_SEQUENCE, TROUBLE
from services.smtp.transaction import Transaction
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Recipient
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.rcpt import Rcpt

TOO_MANY = reply(452, "4.5.3", "Too many recipients")
NEEDS_SMTPUTF8 = reply(553, "5.6.7", "Non-ASCII address without SMTPUTF8")


def keywords(context: Context) -> tuple[str, ...]:
    return ("DSN",)


async def handle(context: Context, commands: Sequence[Rcpt]) -> list[Reply]:
    """The replies to RCPTs that the client sent in one go, for one call to storage."""
    transaction = context.state.transaction
    if transaction is None:
        return [BAD_SEQUENCE] * len(commands)
    addresses = [_address(context, command) for command in commands]
    room = context.shared.settings.recipients - len(transaction.recipients)
    try:
        resolutions = await context.shared.resolver.resolve(addresses[: max(room, 0)], transaction.letter)
    except (Refused, Unavailable) as error:
        context.shared.log.error("smtp.not-resolved", txn=transaction.letter, reason=str(error))
        transaction.refused += len(commands)
        return [TROUBLE] * len(commands)
    replies = [
        relay.verdict(resolution.kind, context.role, authenticated=context.state.login is not None)
        for resolution in resolutions
    ]
    replies += [TOO_MANY] * (len(commands) - len(replies))
    return [_settle(transaction, *each) for each in zip(commands, addresses, replies, strict=True)]


def _address(context: Context, command: Rcpt) -> str:
    if command.address != "postmaster":
        return command.address
    settings = context.shared.settings
    return settings.postmaster or f"postmaster@{settings.hostname}"


def _settle(transaction: Transaction, command: Rcpt, address: str, verdict: Reply) -> Reply:
    if not verdict.refused and not address.isascii() and not transaction.mail.smtputf8:
        verdict = NEEDS_SMTPUTF8
    if verdict.refused:
        transaction.refused += 1
        return verdict
    transaction.order.append(address)
    transaction.recipients.setdefault(address, Recipient(address, command.original, command.notify))
    return verdict
