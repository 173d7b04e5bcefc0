"""FETCH and UID FETCH (RFC 3501 section 6.4.5, RFC 7162 sections 3.1.4 and 3.2.6, RFC 9394 section 3.3)."""

from __future__ import annotations

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import Bad
from services.imap.fetching.plan import plan
from services.imap.fetching.send import send
from services.imap.fetching.viewed import changed
from services.imap.history import known_uids, tell_vanished
from services.imap.message_limit import must_fit, newest
from shared.protocols.imap.syntax.fetch import Fetch, Item


async def handle(context: MailboxContext, command: Fetch) -> Done:
    """Send what was asked of each message, out of the nearest place that has it."""
    since = command.modifiers.changed_since
    if command.modifiers.vanished and not context.account.dialect.vanished:
        raise Bad("ENABLE QRESYNC first")
    if since is not None or Item.MODSEQ in command.items:
        use_modseqs(context.account)
    if command.modifiers.vanished and since is not None:
        await tell_vanished(context, known_uids(context, command.numbers), since)
    uids = context.uids(command.numbers, uid=command.uid)
    if command.modifiers.partial is not None:
        must_fit(context, command.modifiers.partial.width)
        uids = command.modifiers.partial.of(uids)
    uids = newest(context, uids)
    if since is not None:
        uids = changed(context, uids, since)
    steps = plan(command.items, uid=command.uid and not context.account.dialect.uid_only, modseq=since is not None)
    if uids:
        await send(context, uids, steps)
    if context.snapshot.missing:  # a hint that messages which the client still counts are gone (RFC 5530)
        return Done("Some messages are gone", b"EXPUNGEISSUED")
    return DONE
