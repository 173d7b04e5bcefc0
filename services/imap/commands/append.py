"""APPEND (RFC 3501 section 6.3.11, RFC 3502, RFC 4315 section 3, RFC 4469, RFC 3516 section 4.4)."""

from __future__ import annotations

from services.imap.columns import unpack
from services.imap.context import AccountContext, Done
from services.imap.errors import No, try_create
from services.imap.intake import take_in
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.errors import Refused
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import append as syntax


async def handle(context: AccountContext, command: syntax.Append) -> Done:
    """Add messages, all or none; they are on disk when the answer says so."""
    news = await take_in(context, command)
    most = context.settings.messages_per_command
    if most and len(news) > most:
        raise No("Too many messages at once", f"MESSAGELIMIT {most}")
    name = context.names.inward(command.mailbox)
    try:
        reply = await context.call(messages.append, messages.Append(context.grant, new_ulid(), name, news))
    except Refused as error:
        raise try_create(error) from error
    context.talk.count("appended", len(news))
    uids = unpack("I", reply.uids)
    context.made(reply.change.mailbox, uids)
    await context.mailboxes.absorb_elsewhere(context.grant, reply.change)
    return Done(code=responses.append_uid_code(reply.uidvalidity, uids))
