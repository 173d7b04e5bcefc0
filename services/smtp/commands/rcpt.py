"""RCPT: every recipient is resolved before it is accepted, so that we never have to bounce to a forged sender."""

from __future__ import annotations

from collections.abc import Sequence

from services.smtp.context import Context
from services.smtp.policy import relay
from services.smtp.record import NAMED
from services.smtp.replies import BAD_SEQUENCE, TOO_MANY_RECIPIENTS, TROUBLE
from services.smtp.transaction import Transaction
from shared.contracts.directory import Kind, Resolution
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Recipient
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.rcpt import Rcpt

NEEDS_SMTPUTF8 = reply(553, "5.6.7", "Non-ASCII address without SMTPUTF8")


def keywords(context: Context) -> tuple[str, ...]:
    return ("DSN", f"LIMITS RCPTMAX={context.shared.settings.recipients}")


async def handle(context: Context, commands: Sequence[Rcpt]) -> list[Reply]:
    """The replies to RCPTs that the client sent in one go, for one call to storage."""
    transaction = context.state.transaction
    if transaction is None:
        return [BAD_SEQUENCE] * len(commands)
    limit = context.shared.settings.recipients
    if len(transaction.recipients) >= limit:
        transaction.refused += len(commands)
        return [TOO_MANY_RECIPIENTS] * len(commands)
    try:
        asked = [command.address for command in commands]
        resolutions = await context.shared.resolver.resolve(asked, transaction.letter)
    except (Refused, Unavailable) as error:
        context.shared.log.error("smtp.not_resolved", txn=transaction.letter, reason=str(error))
        transaction.refused += len(commands)
        return [TROUBLE] * len(commands)
    addresses = [found.address for found in resolutions]  # storage knows the domain of <postmaster>
    authenticated = context.state.login is not None
    full = relay.FULL_FOR_GOOD if context.shared.settings.full_mailbox == "refuse" else relay.FULL
    verdicts = [
        relay.verdict(
            found.kind,
            context.role,
            authenticated=authenticated,
            relayed=relay.is_relayed(address, context.shared.settings.relay_domains),
            full=full,
        )
        for address, found in zip(addresses, resolutions, strict=True)
    ]
    if context.stranger and context.shared.settings.ingress.greylisting.enabled:
        verdicts = await _greylisted(context, transaction, addresses, verdicts)
    return [
        _settle(transaction, command, address, limit, verdict, found)
        for command, address, found, verdict in zip(commands, addresses, resolutions, verdicts, strict=True)
    ]


async def _greylisted(
    context: Context, transaction: Transaction, addresses: Sequence[str], verdicts: Sequence[Reply]
) -> list[Reply]:
    """``verdicts``, where those that would be accepted may have to wait."""
    host, sender = context.talk.connection.peer_host, transaction.mail.sender
    good = [address for address, verdict in zip(addresses, verdicts, strict=True) if not verdict.refused]
    if not good:
        return list(verdicts)
    try:
        waits = iter(await context.shared.door.greylist(host, sender, good, transaction.letter))
    except (Refused, Unavailable) as error:
        context.shared.log.error("smtp.not_greylisted", txn=transaction.letter, reason=str(error))
        return [verdict if verdict.refused else TROUBLE for verdict in verdicts]
    return [verdict if verdict.refused else next(waits) or verdict for verdict in verdicts]


def _settle(
    transaction: Transaction, command: Rcpt, address: str, limit: int, verdict: Reply, found: Resolution
) -> Reply:
    """Take the recipient into the transaction if nothing speaks against it."""
    if not verdict.refused and not address.isascii() and not transaction.mail.smtputf8:
        verdict = NEEDS_SMTPUTF8
    if not verdict.refused and len(transaction.recipients) >= limit:
        verdict = TOO_MANY_RECIPIENTS
    if verdict.refused:
        transaction.refused += 1
        if len(transaction.turned_away) < NAMED:
            transaction.turned_away.append(f"{address} {verdict.code} {verdict.enhanced}")
        return verdict
    transaction.order.append(address)
    far = found.kind is Kind.FOREIGN
    transaction.recipients.setdefault(address, Recipient(address, command.original, command.notify, far))
    if found.refuses:
        transaction.may_refuse.add(address)
    return verdict
