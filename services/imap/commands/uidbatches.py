"""UIDBATCHES (RFC 10022)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No
from shared.protocols.imap import responses
from shared.protocols.imap.sets import EVERYTHING
from shared.protocols.imap.syntax.uidbatches import UidBatches

_SMALLEST = 500  # messages: smaller batches would give message numbers away (RFC 10022 section 3.1.3.2)


async def handle(context: MailboxContext, command: UidBatches) -> Done:
    """Tell where the mailbox can be cut into ranges of UIDs, the newest first.

    Each but the last holds as many messages as were asked for, also where that is more than one command may work on
    (RFC 9738): to ask for less is the client's part (section 3.2).
    """
    if command.size < _SMALLEST:
        raise No(f"Batches hold at least {_SMALLEST} messages", "TOOFEW")
    uids = context.snapshot.uids_in(EVERYTHING)
    last = -(-len(uids) // command.size)
    if command.last:
        last = min(last, command.last)
    if command.first <= last and not context.batches.allows(uids, command.size, command.first, last):
        raise No("These batches are known, and hardly a message came or went", "LIMIT")
    found = _batches(uids, command.size, range(command.first, last + 1))
    context.talk.out.write(responses.uid_batches(context.talk.tag, found))
    return DONE


def _batches(uids: Sequence[int], size: int, wanted: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Highest and lowest UID of each batch. The last one of the mailbox reaches down to 1 (section 3.1.4)."""
    for batch in wanted:
        end = len(uids) - (batch - 1) * size
        yield uids[end - 1], uids[end - size] if end > size else 1
