"""Recipients whose Sieve scripts refuse a letter: they say so in the dialogue, before anything is accepted.

Delivery is asked, for letters that are small enough and recipients whose scripts speak of refusing. Over SMTP only
a refusal by all recipients can be told (RFC 5429 section 2.1.2); LMTP has a reply for each. Whatever goes wrong here
lets the letter in: its scripts run again at delivery.
"""

from __future__ import annotations

from time import time

from services.smtp.context import Context
from services.smtp.intake import Taken
from services.smtp.policy import terms
from services.smtp.roles import Role
from services.smtp.transaction import Transaction
from shared.contracts import sieve
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.sieve import Examine
from shared.protocols.smtp.replies import Reply

_LINES, _WIDTH = 20, 400  # of a reason


async def refused(context: Context, transaction: Transaction, taken: Taken) -> dict[str, Reply]:
    """The replies for those who refuse, by address; over SMTP either all of them or nobody."""
    asked = tuple([address for address in transaction.recipients if address in transaction.may_refuse])
    one_reply = context.role is not Role.LMTP
    if not asked or taken.body.upload or (one_reply and len(asked) < len(transaction.recipients)):
        return {}
    mail = transaction.mail
    client = context.talk.connection.peer_host
    by = terms.deliver_by(mail.terms, time())
    request = Examine(
        taken.body.octets, mail.sender, asked, client, mail.envelope_id, mail.ret, by, mail.terms.by_mode
    )
    try:
        found = await context.shared.bus.call(sieve.refusals, request, trace=transaction.letter)
    except (Refused, Unavailable) as error:
        context.shared.log.warning("smtp.not_examined", txn=transaction.letter, reason=str(error))
        return {}
    replies = {address: _reply(reason) for address, reason in zip(asked, found.reasons, strict=True) if reason}
    return {} if one_reply and len(replies) < len(transaction.recipients) else replies


def _reply(reason: str) -> Reply:
    lines = [line.strip()[:_WIDTH] for line in reason.splitlines() if line.strip()]
    return Reply(550, "5.7.1", tuple(lines[:_LINES]) or ("Refused",))
