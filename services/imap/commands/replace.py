"""REPLACE and UID REPLACE (RFC 8508)."""

from __future__ import annotations

from services.imap.context import DONE, Done, MailboxContext
from services.imap.errors import No, try_create
from services.imap.intake import take_in
from shared.base.ids import new_ulid
from shared.contracts import messages
from shared.contracts.errors import Refused
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import replace as syntax


async def handle(context: MailboxContext, command: syntax.Replace) -> Done:
    """Put a message in place of another, in one transaction. APPENDUID comes before the expunge (section 4.3)."""
    uid = _replaced(context, command)
    (new,) = await take_in(context.account, command)
    name = context.account.names.inward(command.mailbox)
    request = messages.Replace(context.grant, new_ulid(), context.live.mailbox, uid, name, new)
    try:
        reply = await context.call(messages.replace, request)
    except Refused as error:
        if error.data == "message":
            raise No("The message is gone", "EXPUNGEISSUED") from error
        raise try_create(error) from error
    context.talk.count("replaced", 1)
    code = responses.append_uid_code(reply.uidvalidity, [reply.uid])
    context.talk.out.write(responses.untagged("OK", "Replacement Message ready", code))
    context.account.made(reply.change.mailbox, (reply.uid,))
    await context.account.mailboxes.absorb_elsewhere(context.grant, reply.change)
    await context.absorb(reply.removed)
    context.announce()
    return Done(code=b"HIGHESTMODSEQ %d" % context.view.modseq) if context.account.dialect.modseqs else DONE


def _replaced(context: MailboxContext, command: syntax.Replace) -> int:
    """The UID of the message that is to go."""
    context.must_write()
    for right in "te":  # as to mark and expunge it (section 4.1)
        context.must_hold(right)
    uids = context.uids(command.number, uid=command.uid)
    if not uids:
        raise No("No such message", "EXPUNGEISSUED")
    return uids[0]
