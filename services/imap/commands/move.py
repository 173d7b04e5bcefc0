"""MOVE and UID MOVE (RFC 6851)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from services.imap.message_limit import newest
from services.imap.transfer import transfer
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.move import Move


async def handle(context: MailboxContext, command: Move) -> Done:
    """Move to another mailbox: each message as a whole, many of them in steps.

    COPYUID comes before the expunges (RFC 6851 section 4.3).
    """
    context.must_write()
    uids = newest(context, context.uids(command.numbers, uid=command.uid))
    code = await transfer(context, uids, command.mailbox, move=True)
    if not code:
        return DONE
    context.talk.out.write(responses.untagged("OK", "Moved", code))
    return Done(code=b"HIGHESTMODSEQ %d" % context.view.modseq) if context.account.dialect.modseqs else DONE
