"""From the first octet of a message to the reply: what DATA and BDAT share."""

from __future__ import annotations

from functools import partial
from time import time

import trio

from services.smtp.context import Context
from services.smtp.intake import Intake, Judged, Taken
from services.smtp.policy import header as header_rules
from services.smtp.policy import identity, terms
from services.smtp.refusals import refused
from services.smtp.replies import LOGIN_EXPIRED, TROUBLE
from services.smtp.roles import Role
from services.smtp.transaction import Transaction
from shared.contracts import spool
from shared.contracts.errors import Code, Refused, Unavailable
from shared.mail.line_length import with_short_lines
from shared.mail.received import received
from shared.mail.recoding import Recoder, labels_to_seven_bit
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.mail import Body

_LEAST = 0.5  # seconds for the spool's answer, however long a streamed message took to be stored

SENT_TOO_MUCH = reply(452, "4.7.0", "Your account has sent too much for now, try again later")
LIMIT_PASSED = reply(452, "4.3.1", "Insufficient system storage")
OVERLONG = reply(554, "5.6.0", "A line is longer than 65536 octets")
BARE = reply(554, "5.6.0", "Lone CR, lone LF or NUL in the message")


def begin(context: Context, transaction: Transaction) -> Intake:
    """Get ready to take the message of ``transaction``."""
    settings = context.shared.settings
    binary = transaction.mail.body is Body.BINARY
    context.talk.message_begins()
    return Intake(
        context.shared.bus,
        partial(_judge, context, transaction),
        limit=settings.message_limit,
        header_limit=settings.header_octets,
        trace=transaction.letter,
        recoder=Recoder(labels_to_seven_bit) if _is_converted(context, transaction) else None,
        whole=with_short_lines if _is_sent_away(context, transaction) and not binary else None,
    )


def _is_sent_away(context: Context, transaction: Transaction) -> bool:
    """Whether one of our users writes to somebody elsewhere."""
    return context.role is Role.SUBMISSION and any(each.far for each in transaction.recipients.values())


def _is_converted(context: Context, transaction: Transaction) -> bool:
    """Whether a submitted message becomes 7-bit before it is signed, as RFC 6376 section 5.3 asks of us.

    That of our own users only, if it leaves us and says that it is more; and at most three times as large it must
    still be within the limit.
    """
    mail = transaction.mail
    return (
        mail.body is not Body.SEVEN_BIT
        and 0 < mail.size <= context.shared.settings.message_limit // 3
        and _is_sent_away(context, transaction)
    )


async def _judge(context: Context, transaction: Transaction, header: bytes) -> Judged:
    """Check the header, and say what is stored in its place."""
    settings, connection, at = context.shared.settings, context.talk.connection, int(time())
    header_rules.check(header, settings, binary=transaction.mail.body is Body.BINARY)
    trace = received(
        helo=context.state.helo,
        ip=connection.peer_host,
        host=settings.hostname,
        protocol=context.protocol,
        letter=transaction.letter,
        at=at,
        tls=f"{connection.tls.version} {connection.tls.cipher}" if connection.tls else "",
        recipient=transaction.order[0] if len(transaction.recipients) == 1 else "",
    )
    if context.role is Role.SUBMISSION:
        return await _submitted(context, transaction, header, trace, at)
    trace += header_rules.separator(header)
    if not context.judged:
        return Judged(trace + header)
    examination = await context.shared.judge.examine(connection.peer_host, context.state.helo, transaction, header)
    return Judged(trace + examination.header, examination)


async def _submitted(context: Context, transaction: Transaction, header: bytes, trace: bytes, at: int) -> Judged:
    """A message of one of our users: made complete, stripped of Bcc, and signed for the domain of its author."""
    letter, login = transaction.letter, context.state.login
    author = await identity.check_from(context, header, letter)
    added = header_rules.missing_fields(header, context.shared.settings, letter, at)
    header = added + header_rules.without_bcc(header)
    judged = await context.shared.signatures.begin(login.grant if login else b"", author, header, letter)
    return judged._replace(header=trace + judged.header)


async def finish(context: Context, transaction: Transaction, intake: Intake) -> Reply:
    """The message is complete: hand it to the spool, end the transaction, and answer for it."""
    transaction.intake, transaction.size = intake, intake.received
    await intake.conclude()
    began = trio.current_time()
    answer = intake.refusal or await _accept(context, transaction, intake, began)
    transaction.waited = trio.current_time() - began
    await context.end_transaction(answer)
    context.state.junk = context.state.overshoot = 0
    if context.role is Role.LMTP:  # one reply for each RCPT that was accepted (RFC 2033 section 4.2)
        *most, last = [transaction.refusals.get(address, answer) for address in transaction.order]
        for each in most:
            context.talk.say(each)
        return last
    return answer


async def _accept(context: Context, transaction: Transaction, intake: Intake, began: float) -> Reply:
    """Store the message and hand it over. The bus asks again under the letter's id until the time is up."""
    bus, timeout = context.shared.bus, context.shared.settings.accept_timeout
    try:
        taken = await intake.finish(timeout)
        if transaction.may_refuse:
            transaction.refusals = await refused(context, transaction, taken)
            if len(transaction.refusals) == len(transaction.recipients):
                return transaction.refusals[transaction.order[0]]
        request = _request(context, transaction, taken)
        left = max(began + timeout - trio.current_time(), _LEAST)
        await bus.call(spool.accept, request, trace=transaction.letter, timeout=left)
    except Refused as error:
        return _refused(context, transaction, error)
    except Unavailable as error:
        _not_stored(context, transaction, str(error))
        return TROUBLE
    return reply(250, "2.0.0", f"Ok: queued as {transaction.letter}")


def _refused(context: Context, transaction: Transaction, error: Refused) -> Reply:
    if error.code is Code.GRANT_EXPIRED:
        return LOGIN_EXPIRED
    if error.code is Code.THROTTLED:
        return SENT_TOO_MUCH
    _not_stored(context, transaction, str(error))
    return LIMIT_PASSED if error.code is Code.LIMIT else TROUBLE


def _not_stored(context: Context, transaction: Transaction, reason: str) -> None:
    context.shared.log.error(
        "smtp.not_stored",
        session=context.talk.connection.id,
        txn=transaction.letter,
        trace=transaction.letter,
        reason=reason,
    )


def _request(context: Context, transaction: Transaction, taken: Taken) -> spool.Accept:
    mail, state, at = transaction.mail, context.state, time()
    return spool.Accept(
        letter=transaction.letter,
        trace=transaction.letter,
        sender=mail.sender,
        recipients=tuple(
            [one for address, one in transaction.recipients.items() if address not in transaction.refusals]
        ),
        body=taken.body,
        summary=taken.summary,
        grant=state.login.grant if state.login else b"",
        client=context.talk.connection.peer_host,
        helo=state.helo,
        protocol=context.protocol,
        smtputf8=mail.smtputf8,
        envelope_id=mail.envelope_id,
        ret=mail.ret,
        prefix=taken.prefix,
        junk=transaction.junk,
        require_tls=mail.terms.require_tls,
        priority=mail.terms.priority or 0,
        hold_until=terms.held_until(mail.terms, at),
        deliver_by=terms.deliver_by(mail.terms, at),
        by_mode=mail.terms.by_mode,
    )
