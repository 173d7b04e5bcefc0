"""Copying and moving messages to another mailbox."""

from __future__ import annotations

from array import array

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import try_create
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.errors import Refused
from shared.contracts.messages import Copy
from shared.protocols.imap import responses


async def transfer(context: MailboxContext, uids: array[int], to: str, *, move: bool) -> bytes:
    """Copy or move ``uids`` to what the client calls ``to``; the COPYUID code, b"" when nothing was done."""
    target = context.account.names.inward(to)
    if not uids:
        return b""
    request = Copy(context.grant, new_ulid(), context.live.mailbox, pack(uids), target, move)
    try:
        copied = await context.call(messages.copy, request)
    except Refused as error:
        raise try_create(error) from error
    live = context.account.mailboxes.find(copied.change.mailbox)
    if live is not None and live.loaded:
        await context.account.mailboxes.absorb(live, context.grant, copied.change)
    if copied.removed is not None:
        await context.absorb(copied.removed)
    if not copied.uids:
        return b""
    return responses.copy_uid_code(copied.uidvalidity, unpack("I", copied.source), unpack("I", copied.uids))
