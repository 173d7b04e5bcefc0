"""What the user may do in a mailbox (RFC 4314), as clients see it and as it changes while the mailbox is selected."""

from __future__ import annotations

from collections.abc import Iterable

from services.imap.context import MailboxContext
from services.imap.errors import Bye
from services.imap.flagsets import SYSTEM
from shared.contracts import acl
from shared.contracts.acl import MyRights
from shared.contracts.errors import Code, Refused, Unavailable
from shared.protocols.imap import responses

_CREATE = "kx"  # what the obsolete right "c" stands for (section 2.1.1)
_DELETE = "te"  # and "d"
_LOST = "The selected mailbox may not be read any more"


def expanded(rights: str) -> str:
    """Rights as a client writes them, without the obsolete ones."""
    return rights.replace("c", _CREATE).replace("d", _DELETE)


def shown(rights: str) -> str:
    """Rights as a client reads them, the obsolete ones included."""
    also = ("c" if set(_CREATE) & set(rights) else "") + ("d" if set(_DELETE) & set(rights) else "")
    return rights + also


async def confirm(mailbox: MailboxContext) -> None:
    """Ask for the rights anew where they may have changed; `Bye` to whom the mailbox is closed now.

    Without an answer the old ones stay, and the next command asks again: storage judges each of its own calls.
    """
    generation = mailbox.live.rights_generation
    if mailbox.rights_known == generation:
        return
    try:
        rights = "" if mailbox.own else await _ask(mailbox)
    except Unavailable:
        return
    mailbox.rights_known = generation
    if mailbox.own:
        return
    if "r" not in rights:
        raise Bye(_LOST)
    if rights != mailbox.rights:
        mailbox.rights = rights
        mailbox.talk.out.write(flags_and_permanent(mailbox))


async def _ask(mailbox: MailboxContext) -> str:
    try:
        reply = await mailbox.call(acl.my_rights, MyRights(mailbox.grant, mailbox=mailbox.live.mailbox))
    except Refused as error:
        if error.code is Code.NOT_FOUND:
            return ""
        raise Unavailable(f"rights are not told: {error}") from error
    return reply.rights


def flags_and_permanent(mailbox: MailboxContext) -> bytes:
    """``FLAGS``, and ``PERMANENTFLAGS``: those that the user can change for good (section 5.1.1)."""
    names = (*SYSTEM, *mailbox.view.keywords.values())
    code = responses.permanent_flags_code(_changeable(mailbox, (*names, "\\*")))
    return responses.flags(names) + responses.untagged("OK", "Kept", code)


def _changeable(mailbox: MailboxContext, flags: Iterable[str]) -> list[str]:
    if not mailbox.writable:
        return []
    return [flag for flag in flags if {"\\Seen": "s", "\\Deleted": "t"}.get(flag, "w") in mailbox.rights]
