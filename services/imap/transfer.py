"""Copying and moving messages to another mailbox."""

from __future__ import annotations

from array import array

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import try_create
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.errors import Refused
from shared.contracts.messages import Copied, Copy
from shared.protocols.imap import responses

_AT_ONCE = 20_000  # messages in one transaction


async def transfer(context: MailboxContext, uids: array[int], to: str, *, move: bool) -> bytes:
    """Copy or move ``uids`` to what the client calls ``to``; the COPYUID code, b"" when nothing was done."""
    target = context.account.names.inward(to)
    uidvalidity = 0
    source: array[int] = array("I")
    copies: array[int] = array("I")
    for start in range(0, len(uids), _AT_ONCE):
        if start:
            await context.talk.progress(start, len(uids))
        copied = await _step(context, uids[start : start + _AT_ONCE], target, move=move)
        uidvalidity = copied.uidvalidity
        source.extend(unpack("I", copied.source))
        copies.extend(unpack("I", copied.uids))
    return responses.copy_uid_code(uidvalidity, source, copies) if copies else b""


async def _step(context: MailboxContext, uids: array[int], target: str, *, move: bool) -> Copied:
    request = Copy(context.grant, new_ulid(), context.live.mailbox, pack(uids), target, move)
    try:
        copied = await context.call(messages.copy, request)
    except Refused as error:
        if error.data == "target":
            raise try_create(error) from error
        raise
    await context.account.mailboxes.absorb_elsewhere(context.grant, copied.change)
    if copied.removed is not None:
        await context.absorb(copied.removed)
    return copied
