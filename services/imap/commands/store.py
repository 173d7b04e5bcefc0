"""STORE and UID STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3)."""

from __future__ import annotations

from array import array

from services.imap.columns import pack, unpack
from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.flagsets import SYSTEM
from services.imap.message_limit import newest
from services.imap.telling import flags_response, modseq_response, tell_keywords
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.messages import Mode
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import store as syntax

_AT_ONCE = 20_000  # messages in one call, whose reply must fit a bus message


async def handle(context: MailboxContext, command: syntax.Store) -> Done:
    """Change flags, and tell how they are now."""
    if command.unchanged_since is not None:
        use_modseqs(context.account)
    uids = newest(context, context.uids(command.numbers, uid=command.uid))
    context.must_write()
    flags = tuple(flag for flag in command.flags if flag in SYSTEM or not flag.startswith("\\"))
    modified: array[int] = array("I")
    for start in range(0, len(uids), _AT_ONCE):
        if start:
            await context.talk.progress(start, len(uids))
        request = messages.Store(
            context.grant, new_ulid(), context.live.mailbox, pack(uids[start : start + _AT_ONCE]),
            Mode(command.mode.value), flags, command.unchanged_since,
        )  # fmt: skip
        reply = await context.call(messages.store, request)
        await context.absorb(reply.change)
        modified.extend(unpack("I", reply.modified))
        await _tell(context, command, request.uids, reply)
    if not modified:
        return DONE
    numbers = modified if command.uid else [context.snapshot.sequence(uid) for uid in modified]
    return Done("Some were changed meanwhile", responses.modified_code(numbers))


async def _tell(context: MailboxContext, command: syntax.Store, asked: bytes, reply: messages.Stored) -> None:
    """Tell how the flags are now, also where they stay as they were.

    A silent command tells the modseqs of what it changed, and only to those who want them.
    """
    view, out = context.view, context.talk.out
    modseqs = context.account.dialect.modseqs
    left_alone = frozenset(unpack("I", reply.modified))
    place = context.snapshot.locate(unpack("I", asked))
    tell_keywords(context)
    for uid, sequence in zip(place.uids, place.sequences, strict=True):
        position = view.position(uid)
        if position < 0:
            continue  # expunged meanwhile
        modseq = view.modseqs[position]
        ours = modseq == reply.change.modseq != reply.change.previous
        if uid in left_alone or modseq > reply.change.modseq:
            continue  # told as news
        if ours:
            context.snapshot.told(uid, modseq)
        if not command.silent:
            out.write(flags_response(context, sequence, uid, view.flagsets[position], modseq, uid_asked=command.uid))
        elif modseqs and ours:
            out.write(modseq_response(context, sequence, uid, modseq))
    await out.room()
