"""SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2, RFC 7162 sections 3.1.8 and 3.2.5, RFC 8474 section 4.2)."""

from __future__ import annotations

from services.imap.condstore import use_modseqs
from services.imap.context import AccountContext, Done, MailboxContext
from services.imap.errors import Bad
from services.imap.fetching.plan import plan
from services.imap.fetching.viewed import changed, send_viewed
from services.imap.history import known_uids, matched, tell_vanished
from services.imap.object_ids import mailbox_id
from services.imap.rev2 import tell_name
from services.imap.rights import flags_and_permanent
from services.imap.snapshot import NEVER
from shared.base.errors import EilpostError
from shared.protocols.imap import responses
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.fetch import Item
from shared.protocols.imap.syntax.select import Resync, Select

_RESYNCED = plan((Item.UID, Item.FLAGS, Item.MODSEQ), uid=True, modseq=True)


async def handle(context: AccountContext, command: Select) -> Done:
    """Open a mailbox. The one before is left in any case."""
    if command.resync is not None and not context.dialect.vanished:
        raise Bad("ENABLE QRESYNC first")
    if command.resync is not None and command.resync.match_numbers.ranges and context.dialect.uid_only:
        raise Bad("Messages are named by UID only", "UIDREQUIRED")
    if context.selected is not None:
        context.leave()
        context.talk.out.write(responses.untagged("OK", "The mailbox before is closed", b"CLOSED"))
    name = context.names.inward(command.mailbox)
    if command.condstore:
        use_modseqs(context)
    opened, live = await context.mailboxes.open(context.grant, name, writable=command.writable)
    mailbox = MailboxContext(context, live, name, opened, writable=command.writable)
    context.selected = mailbox
    if context.dialect.rev2:
        mailbox.snapshot.recent_from = NEVER
    tell_name(context, command.mailbox, always=True)
    context.talk.out.write(_state(mailbox))
    if command.resync is not None and command.resync.uidvalidity == mailbox.uidvalidity:
        try:
            await _resync(mailbox, command.resync)
        except EilpostError:
            context.leave()
            raise
    if mailbox.writable:
        return Done("Selected", b"READ-WRITE")
    return Done("Selected, read-only", b"READ-ONLY")


async def _resync(mailbox: MailboxContext, resync: Resync) -> None:
    """What became different since the client was here: first what vanished, then flags and what is new."""
    known = known_uids(mailbox, resync.uids)
    await tell_vanished(mailbox, known, resync.modseq, matched(mailbox, resync))
    uids = mailbox.snapshot.uids_in(SequenceSet(tuple(known)))
    await send_viewed(mailbox, changed(mailbox, uids, resync.modseq), _RESYNCED)


def _state(mailbox: MailboxContext) -> bytes:
    """All that SELECT tells of the mailbox, as of this moment."""
    view = mailbox.view
    lines = [
        flags_and_permanent(mailbox),
        mailbox.counts(),
        b"* OK [UIDVALIDITY %d] UIDs stay valid\r\n" % mailbox.uidvalidity,
        b"* OK [UIDNEXT %d] Next UID\r\n" % view.uidnext,
        b"* OK [HIGHESTMODSEQ %d] Highest modseq\r\n" % view.modseq,
        responses.untagged("OK", "Ok", responses.mailbox_id_code(mailbox_id(mailbox.live.mailbox))),
    ]
    unseen = -1 if mailbox.account.dialect.rev2 or mailbox.account.dialect.uid_only else view.first_unseen()
    if unseen >= 0:
        lines.insert(2, b"* OK [UNSEEN %d] First unseen\r\n" % (unseen + 1))
    return b"".join(lines)
