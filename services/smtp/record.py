"""The one line that the log holds for each transaction, and its count; and one for who does not get that far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from shared.observe import tracing
from shared.observe.metrics import smtp_transactions_total
from shared.observe.tracing import Value
from shared.protocols.smtp.replies import Reply

if TYPE_CHECKING:
    from services.smtp.context import Context
    from services.smtp.transaction import Transaction

NAMED = 10  # recipients whose addresses stand in the line


def record(context: Context, transaction: Transaction, reply: Reply | None) -> None:
    """``reply`` is the answer to the message, None when the client gave up before there was one."""
    code = reply.code if reply else 0
    result = "accepted" if 200 <= code < 300 else "refused" if reply else "dropped"
    smtp_transactions_total(result, f"{code // 100}xx" if reply else "none").inc()
    connection, state = context.talk.connection, context.state
    seconds = trio.current_time() - transaction.began
    if tracing.tracer is not None:
        told: dict[str, Value] = {
            "eilpost.session": connection.id,
            "eilpost.result": result,
            "smtp.reply": code,
            "smtp.recipients": len(transaction.order),
            "smtp.octets": transaction.size,
        }
        tracing.tracer.first("smtp.transaction", transaction.letter, seconds, told)
    context.shared.log.info(
        "smtp.transaction",
        session=connection.id,
        txn=transaction.letter,
        trace=transaction.letter,
        result=result,
        code=code,
        enhanced=reply.enhanced if reply else "",
        sender=transaction.mail.sender,
        to=" ".join(list(transaction.recipients)[:NAMED]),
        accepted=len(transaction.order),
        refused=transaction.refused,
        size=transaction.size,
        account=state.login.address if state.login else None,
        remote_ip=connection.peer_host,
        helo=state.helo,
        protocol=context.role.value,
        tls=connection.tls.version if connection.tls else None,
        duration_ms=round(seconds * 1000, 1),
        accept_ms=round(transaction.waited * 1000, 1),
        **({"turned_away": ", ".join(transaction.turned_away)} if transaction.turned_away else {}),
        **transaction.verdicts,
    )


def refused(context: Context, reply: Reply, sender: str | None = None) -> None:
    """No transaction began: the client was turned away at the door, or at MAIL with ``sender``."""
    connection, state = context.talk.connection, context.state
    context.shared.log.info(
        "smtp.refused",
        session=connection.id,
        remote_ip=connection.peer_host,
        helo=state.helo,
        sender=sender,
        account=state.login.address if state.login else None,
        code=reply.code,
        enhanced=reply.enhanced,
        reason=" ".join(reply.lines),
    )
