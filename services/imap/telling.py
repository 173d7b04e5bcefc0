"""Telling a session what became different in its mailbox (RFC 3501 section 7)."""

from __future__ import annotations

from services.imap.context import MailboxContext
from services.imap.flagsets import SYSTEM
from services.imap.rights import flags_and_permanent
from shared.protocols.imap import responses
from shared.protocols.imap.sets import runs


async def tell(mailbox: MailboxContext, *, expunges: bool, uid: bool = False, flags: bool = True) -> None:
    """Write the news to the session's output: those of flags only with ``flags``, and with UIDs where ``uid``."""
    snapshot = mailbox.snapshot
    news = snapshot.news(expunges)
    out = mailbox.talk.out
    if mailbox.account.dialect.vanished:
        for line in responses.vanished(runs(news.vanished)):
            out.write(line)
            await out.room()
        if snapshot.missing and not expunges:
            out.write(
                responses.untagged("OK", "Expunges wait to be told", b"HIGHESTMODSEQ %d" % snapshot.safe_modseq)
            )
    else:
        for number in news.expunged:
            out.write(b"* %d EXPUNGE\r\n" % number)
            await out.room()
    if news.exists is not None:
        out.write(mailbox.counts())
    if not flags:
        return
    tell_keywords(mailbox)
    for changed in news.flags:
        out.write(
            flags_response(mailbox, changed.sequence, changed.uid, changed.flagset, changed.modseq, uid_asked=uid)
        )
        await out.room()


def tell_keywords(mailbox: MailboxContext) -> None:
    """Keywords that came into use since the session was told, before any FETCH that shows them."""
    keywords = mailbox.view.keywords
    if len(keywords) == mailbox.keywords_told:
        return
    mailbox.keywords_told = len(keywords)
    if mailbox.writable:
        mailbox.talk.out.write(flags_and_permanent(mailbox))
    else:
        mailbox.talk.out.write(responses.flags((*SYSTEM, *keywords.values())))


def flags_response(
    mailbox: MailboxContext, sequence: int, uid: int, flagset: int, modseq: int, *, uid_asked: bool = False
) -> bytes:
    """``* n FETCH (FLAGS (...))``, with UID and MODSEQ where the session wants them."""
    items = flags_item(mailbox, uid, flagset)
    dialect = mailbox.account.dialect
    if dialect.modseqs:
        items = b"UID %d %b MODSEQ (%d)" % (uid, items, modseq)
    elif uid_asked or dialect.rev2:
        items = b"UID %d %b" % (uid, items)
    return b"* %d FETCH (%b)\r\n" % (sequence, items)


def flags_item(mailbox: MailboxContext, uid: int, flagset: int) -> bytes:
    """``FLAGS (...)``, \\Recent included."""
    flags = mailbox.view.table[flagset]
    return b"FLAGS " + (flags.recent if uid >= mailbox.snapshot.recent_from else flags.wire)
