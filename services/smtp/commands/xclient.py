"""XCLIENT: a proxy of the house says whom it stands for, and the session begins anew in that one's name."""

from __future__ import annotations

from services.smtp.context import Context
from services.smtp.record import refused
from services.smtp.replies import greeting
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.xclient import Xclient

NOT_YOU = reply(550, "5.7.0", "XCLIENT is not for you")


def keywords(context: Context) -> tuple[str, ...]:
    return ("XCLIENT NAME ADDR PORT PROTO HELO",) if context.stands_in else ()


async def handle(context: Context, command: Xclient) -> Reply:
    if not context.stands_in:
        return NOT_YOU
    context.talk.forbid_ahead("XCLIENT")
    await context.end_transaction()
    state, connection = context.state, context.talk.connection
    state.forget()
    if command.address is not None:
        connection.speak_for(command.address, command.port or 0)
    state.helo, state.extended = command.helo or "", bool(command.extended)
    context.meet()
    refusal = context.shared.door.refusal(connection.peer_host) if context.stranger else None
    if refusal is not None:
        refused(context, refusal)
    return refusal or greeting(context.shared.settings.hostname, context.role)
