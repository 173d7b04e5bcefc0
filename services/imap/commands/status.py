"""STATUS (RFC 3501 section 6.3.10, RFC 7162 section 3.1.7, RFC 7889, RFC 8438, RFC 8474, RFC 9208)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from services.imap.condstore import use_modseqs
from services.imap.context import DONE, AccountContext, Done
from services.imap.errors import No
from services.imap.object_ids import mailbox_id
from shared.contracts import mailboxes
from shared.contracts.mailboxes import State, StatusRequest
from shared.protocols.imap import responses
from shared.protocols.imap.syntax.status import Status

_FIELDS = {
    "MESSAGES": "messages",
    "RECENT": "recent",
    "UIDNEXT": "uidnext",
    "UIDVALIDITY": "uidvalidity",
    "UNSEEN": "unseen",
    "HIGHESTMODSEQ": "modseq",
    "SIZE": "octets",
    "DELETED": "deleted",
    "DELETED-STORAGE": "deleted_octets",
}


async def handle(context: AccountContext, command: Status) -> Done:
    """Tell counts of a mailbox."""
    name = context.names.inward(command.mailbox)
    if "HIGHESTMODSEQ" in command.items:
        use_modseqs(context)
    reply = await context.call(mailboxes.status, question(context.grant, (name,), command.items))
    if not reply.states or not reply.states[0].found:
        denied = bool(reply.states) and reply.states[0].denied
        raise No("Permission denied", "NOPERM") if denied else No("No such mailbox", "NONEXISTENT")
    context.talk.out.write(line(context, command.mailbox, reply.states[0], command.items))
    return DONE


def question(grant: bytes, names: tuple[str, ...], items: Collection[str]) -> StatusRequest:
    """What to ask storage for these items."""
    return StatusRequest(grant, names, "DELETED-STORAGE" in items)


def line(context: AccountContext, name: str, state: State, items: Iterable[str]) -> bytes:
    """``* STATUS`` for a name in the client's form."""
    return responses.status(name, [(item, _value(context, state, item)) for item in items], utf8=context.dialect.utf8)


def _value(context: AccountContext, state: State, item: str) -> int | bytes:
    if item == "APPENDLIMIT":
        return context.settings.message_limit
    if item == "MAILBOXID":
        return b"(%b)" % mailbox_id(state.mailbox)
    count: int = getattr(state, _FIELDS[item])
    return count
