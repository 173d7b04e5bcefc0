"""UIDBATCHES (RFC 10022)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No
from shared.protocols.imap import responses
from shared.protocols.imap.sets import EVERYTHING
from shared.protocols.imap.syntax.uidbatches import UidBatches

_SMALLEST = 500  # messages: more and smaller batches would cost more than they spare (RFC 10022 section 3.1)


async def handle(context: MailboxContext, command: UidBatches) -> Done:
    """Tell where the mailbox can be cut into ranges of UIDs, the newest first.

    No batch holds more messages than one command may work on (RFC 9738).
    """
    if command.size < _SMALLEST:
        raise No(f"Batches hold at least {_SMALLEST} messages", "TOOFEW")
    size = min(command.size, context.account.settings.messages_per_command or command.size)
    found = _batches(context.snapshot.uids_in(EVERYTHING), size, command)
    context.talk.out.write(responses.uid_batches(context.talk.tag, found))
    return DONE


def _batches(uids: Sequence[int], size: int, command: UidBatches) -> Iterator[tuple[int, int]]:
    """Highest and lowest UID of each batch. The last one of the mailbox reaches down to 1."""
    last = -(-len(uids) // size)
    if command.last:
        last = min(last, command.last)
    for batch in range(command.first, last + 1):
        end = len(uids) - (batch - 1) * size
        yield uids[end - 1], uids[end - size] if end > size else 1
