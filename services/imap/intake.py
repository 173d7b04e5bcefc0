"""Taking in the message of an APPEND: a small one whole, a large one streamed to storage while it arrives."""

from __future__ import annotations

from services.imap.context import AccountContext
from services.imap.errors import No, try_create
from shared.base.errors import EilpostError
from shared.contracts import acl, blobs
from shared.contracts.acl import MyRights
from shared.contracts.blobs import Body, Summary, UploadRequest
from shared.contracts.errors import Refused, Unavailable
from shared.mail.summary import SummaryScanner, summarise
from shared.net.bulk import BulkSender
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.append import Append


async def take_in(context: AccountContext, command: Append) -> tuple[Body, Summary]:
    """The message's body and summary. Raises what storage raises; the stream is in order whatever happens."""
    if command.message is not None:
        return Body(command.message), summarise(command.message)
    try:
        url, upload = await _welcome(context, command)
    except EilpostError:
        context.talk.core.refuse_literal()
        raise
    if command.synchronising:
        context.talk.out.write(responses.continuation("OK"))
    summary = await _stream(context, url)
    return Body(b"", upload), summary


async def _welcome(context: AccountContext, command: Append) -> tuple[str, str]:
    """See that the message has a place to go before it is sent."""
    name = context.names.inward(command.mailbox)
    try:
        reply = await context.call(acl.my_rights, MyRights(context.grant, name))
    except Refused as error:
        raise try_create(error) from error
    if "i" not in reply.rights:
        raise No("Permission denied", "NOPERM")
    ticket = await context.call(blobs.upload, UploadRequest(command.size))
    return ticket.url, ticket.upload


async def _stream(context: AccountContext, url: str) -> Summary:
    """Read to the end of the literal in any case; trouble with storage is told afterwards."""
    scanner = SummaryScanner()
    trouble: Unavailable | None = None
    async with BulkSender(url) as sender:
        async for chunk in context.talk.message(context.settings.idle_timeout):
            if trouble is not None:
                continue
            scanner.feed(chunk)
            try:
                await sender.send(chunk)
            except Unavailable as error:
                trouble = error
        if trouble is not None:
            raise trouble
        await sender.finish()
    return scanner.finish()
