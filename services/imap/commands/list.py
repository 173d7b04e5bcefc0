"""LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590)."""

from __future__ import annotations

from services.imap.annotating import look_up, told
from services.imap.commands import status
from services.imap.condstore import use_modseqs
from services.imap.context import DONE, AccountContext, Done
from services.imap.listing import Entry, choose
from services.imap.rights import shown
from shared.contracts import mailboxes
from shared.contracts.mailboxes import ListRequest
from shared.protocols.imap import responses
from shared.protocols.imap.syntax import list as syntax


async def handle(context: AccountContext, command: syntax.List) -> Done:
    """Tell the names that match."""
    if not command.extended and command.patterns == ("",):
        separator = context.names.separator
        context.talk.out.write(responses.listed(["\\Noselect"], separator, "", lsub=command.lsub))
        return DONE
    reply = await context.call(mailboxes.listing, ListRequest(context.grant))
    entries = choose(command, reply.mailboxes, context.names)
    for entry in entries:
        context.talk.out.write(
            responses.listed(
                entry.attributes,
                context.names.separator,
                entry.name,
                lsub=command.lsub,
                utf8=context.dialect.utf8,
                child_info=("SUBSCRIBED",) if entry.subscribed_below else (),
            )
        )
        if "MYRIGHTS" in command.returns and entry.rights:
            context.talk.out.write(responses.my_rights(entry.name, shown(entry.rights), utf8=context.dialect.utf8))
    if command.status:
        await _status(context, command.status, entries)
    if command.metadata:
        await _metadata(context, command.metadata, entries)
    return DONE


async def _metadata(context: AccountContext, wanted: tuple[str, ...], entries: list[Entry]) -> None:
    """The annotations of what was listed (RFC 9590), as far as the user may see them."""
    names = [context.names.inward(entry.name) for entry in entries if entry.described]
    for found in await look_up(context, names, wanted):
        if not found.refused:
            name, values = context.names.outward(found.name), told(found.annotations, wanted).values
            context.talk.out.write(responses.metadata(name, values, utf8=context.dialect.utf8))
            await context.talk.out.room()


async def _status(context: AccountContext, items: tuple[str, ...], entries: list[Entry]) -> None:
    """The states of what was listed (RFC 5819), in one question."""
    if "HIGHESTMODSEQ" in items:
        use_modseqs(context)
    names = tuple(context.names.inward(entry.name) for entry in entries if entry.described)
    if not names:
        return
    reply = await context.call(mailboxes.status, status.question(context.grant, names, items))
    for state in reply.states:
        if state.found:
            context.talk.out.write(status.line(context, context.names.outward(state.name), state, items))
