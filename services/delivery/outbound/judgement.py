"""From what other servers say to what becomes of recipients (RFC 5321 section 4.2.1). Pure."""

from __future__ import annotations

from services.delivery.fate import BOUNCED, DEFERRED, SENT, Fate, postponed
from services.delivery.outbound.parcel import Parcel
from services.delivery.outbound.trouble import Undeliverable
from services.delivery.schedule import Schedule
from shared.contracts.spool import Due, Letter
from shared.protocols.smtp.client.replies import ServerReply


def by_reply(
    letter: Letter,
    due: Due,
    reply: ServerReply,
    relay: str,
    schedule: Schedule,
    now: float,
    *,
    reports: bool,
    untimed: bool = False,
) -> Fate:
    """``reports``: the server does not tell the sender of success itself; ``untimed`` as in `Fate`."""
    code = reply.enhanced or f"{reply.code // 100}.0.0"
    if reply.positive:
        return Fate(due, SENT, code, reply.text, relay, reply.text, reports=reports, untimed=untimed)
    if reply.permanent:
        return Fate(due, BOUNCED, code, reply.text, relay, reply.text)
    return postponed(letter, Fate(due, DEFERRED, code, reply.text, relay, reply.text), schedule, now)


def by_trouble(letter: Letter, due: Due, trouble: Undeliverable, schedule: Schedule, now: float) -> Fate:
    """No server decided."""
    fate = Fate(due, DEFERRED, trouble.code, trouble.reason, trouble.relay, trouble.response)
    return fate._replace(status=BOUNCED) if trouble.permanent else postponed(letter, fate, schedule, now)


def all_by_trouble(parcel: Parcel, trouble: Undeliverable, schedule: Schedule, now: float) -> list[Fate]:
    """The same for all recipients in a parcel."""
    return [by_trouble(parcel.consignment.letter, due, trouble, schedule, now) for due in parcel.dues]
