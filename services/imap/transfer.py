"""Copying and moving messages to another mailbox."""

from __future__ import annotations

from array import array

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.errors import try_create
from shared.base.errors import EilpostError
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.errors import Refused
from shared.contracts.messages import Copied, Copy
from shared.protocols.imap import responses

_COPIED = 20_000  # messages in one transaction
_MOVED = 1_000  # ... of moving, which takes longer for each


class Transfer:
    """What has been copied or moved so far."""

    def __init__(self) -> None:
        self._uidvalidity = 0
        self._source: array[int] = array("I")
        self._copies: array[int] = array("I")

    def add(self, copied: Copied) -> None:
        """One step is done."""
        self._uidvalidity = copied.uidvalidity
        self._source.extend(unpack("I", copied.source))
        self._copies.extend(unpack("I", copied.uids))

    @property
    def code(self) -> bytes:
        """COPYUID, b"" when nothing was done."""
        if not self._copies:
            return b""
        return responses.copy_uid_code(self._uidvalidity, self._source, self._copies)


async def transfer(context: MailboxContext, uids: array[int], to: str, *, move: bool) -> bytes:
    """Copy or move ``uids`` to what the client calls ``to``; the COPYUID code, b"" when nothing was done.

    A move that fails on its way tells what it has moved, which stays so (RFC 6851 section 3.3).
    """
    target = context.account.names.inward(to)
    done = Transfer()
    size = _MOVED if move else _COPIED
    try:
        for start in range(0, len(uids), size):
            if start:
                await context.talk.progress(start, len(uids))
            done.add(await _step(context, uids[start : start + size], target, move=move))
    except EilpostError:
        if move and done.code:
            context.talk.out.write(responses.untagged("OK", "Moved", done.code))
        raise
    return done.code


async def _step(context: MailboxContext, uids: array[int], target: str, *, move: bool) -> Copied:
    request = Copy(context.grant, new_ulid(), context.live.mailbox, pack(uids), target, move)
    try:
        copied = await context.call(messages.copy, request)
    except Refused as error:
        if error.data == "target":
            raise try_create(error) from error
        raise
    context.account.made(copied.change.mailbox, unpack("I", copied.uids))
    await context.account.mailboxes.absorb_elsewhere(context.grant, copied.change)
    if copied.removed is not None:
        await context.absorb(copied.removed)
    return copied
