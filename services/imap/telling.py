"""Telling a session what became different in its mailbox (RFC 3501 section 7)."""

from __future__ import annotations

from services.imap.context import AccountContext, MailboxContext
from services.imap.flagsets import SYSTEM
from services.imap.rights import flags_and_permanent
from shared.protocols.imap import responses
from shared.protocols.imap.events import Command
from shared.protocols.imap.sets import runs


async def tell_after(account: AccountContext, command: Command, *, numbers: bool) -> None:
    """Write the news before a command is answered; ``numbers``: its plain form uses message numbers.

    While it uses them no expunge is told (RFC 3501 section 7.4.1), which goes for UID SEARCH with a set of them too
    (RFC 7162 section 3.2.10.2).
    """
    selected = account.selected
    uid = numbers and command.value.uid
    expunges = not numbers or (uid and selected is not None and not selected.numbered)
    if account.notify is not None:
        await account.notify.tell(expunges=expunges, command=command.name)
    elif selected is not None:
        await tell(selected, expunges=expunges, uid=uid)
    if selected is not None:
        selected.numbered = False


async def tell(mailbox: MailboxContext, *, expunges: bool, uid: bool = False, flags: bool = True) -> None:
    """Write the news to the session's output: those of flags only with ``flags``, and with UIDs where ``uid``."""
    snapshot = mailbox.snapshot
    news = snapshot.news(expunges)
    for update in mailbox.updates.values():
        update.before_news(mailbox, news)
    out = mailbox.talk.out
    dialect = mailbox.account.dialect
    if dialect.vanished or dialect.uid_only:
        for line in responses.vanished(runs(news.vanished)):
            out.write(line)
            await out.room()
        if snapshot.missing and dialect.vanished and not expunges:
            out.write(
                responses.untagged("OK", "Expunges wait to be told", b"HIGHESTMODSEQ %d" % snapshot.safe_modseq)
            )
    else:
        for number in news.expunged:
            out.write(b"* %d EXPUNGE\r\n" % number)
            await out.room()
    if news.exists is not None:
        out.write(mailbox.counts())
    if flags:
        tell_keywords(mailbox)
        for changed in news.flags:
            out.write(
                flags_response(mailbox, changed.sequence, changed.uid, changed.flagset, changed.modseq, uid_asked=uid)
            )
            await out.room()
    for tag, update in list(mailbox.updates.items()):
        if not await update.after_news(mailbox):
            mailbox.updates.pop(tag, None)


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
    if dialect.uid_only:
        return b"* %d UIDFETCH (%b%b)\r\n" % (uid, items, b" MODSEQ (%d)" % modseq if dialect.modseqs else b"")
    if dialect.modseqs:
        items = b"UID %d %b MODSEQ (%d)" % (uid, items, modseq)
    elif uid_asked or dialect.rev2:
        items = b"UID %d %b" % (uid, items)
    return b"* %d FETCH (%b)\r\n" % (sequence, items)


def modseq_response(mailbox: MailboxContext, sequence: int, uid: int, modseq: int) -> bytes:
    """The same for a change of flags that the client knows: what is new of it is the modseq."""
    if mailbox.account.dialect.uid_only:
        return b"* %d UIDFETCH (MODSEQ (%d))\r\n" % (uid, modseq)
    return b"* %d FETCH (UID %d MODSEQ (%d))\r\n" % (sequence, uid, modseq)


def fetch_head(mailbox: MailboxContext, sequence: int, uid: int) -> bytes:
    """How a FETCH response begins."""
    return b"* %d UIDFETCH (" % uid if mailbox.account.dialect.uid_only else b"* %d FETCH (" % sequence


def flags_item(mailbox: MailboxContext, uid: int, flagset: int) -> bytes:
    """``FLAGS (...)``, \\Recent included."""
    flags = mailbox.view.table[flagset]
    return b"FLAGS " + (flags.recent if uid >= mailbox.snapshot.recent_from else flags.wire)
