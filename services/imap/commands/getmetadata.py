"""GETMETADATA (RFC 5464 section 4.2)."""

from __future__ import annotations

from services.imap.annotating import look_up, told
from services.imap.context import DONE, AccountContext, Done
from shared.contracts.errors import Code, Refused
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.getmetadata import GetMetadata


async def handle(context: AccountContext, command: GetMetadata) -> Done:
    """Tell annotations of a mailbox or of the server."""
    name = context.names.inward(command.mailbox)
    found = (await look_up(context, (name,), command.entries, command.depth))[0]
    if found.refused:
        raise Refused(Code(found.refused))
    answer = told(found.annotations, command.entries, command.depth, command.max_size)
    if answer.values:
        context.talk.out.write(responses.metadata(command.mailbox, answer.values, utf8=context.dialect.utf8))
    return Done(code=b"METADATA LONGENTRIES %d" % answer.longest) if answer.longest else DONE
