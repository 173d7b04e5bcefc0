"""How many messages one command may work on (RFC 9738), where the setting ``messages_per_command`` limits it.

A command that names more works on the newest of them, and its answer tells how far it came; one that must be done
whole or not at all is refused. EXPUNGE without UIDs, CLOSE and STATUS know no limit, whatever they count.
"""

from __future__ import annotations

from array import array

from services.imap.context import Done, MailboxContext
from services.imap.errors import No
from shared.protocols.imap import responses
from shared.protocols.imap.sets import EVERYTHING, SequenceSet
from shared.protocols.imap.syntax.search_key import And, Key, Numbers


def newest(mailbox: MailboxContext, uids: array[int]) -> array[int]:
    """As many of ``uids`` (ascending) as one command may work on."""
    most = mailbox.account.settings.messages_per_command
    if not most or len(uids) <= most:
        return uids
    mailbox.worked_down_to = uids[-most]
    return uids[-most:]


def newest_deleted(mailbox: MailboxContext, uids: array[int]) -> array[int]:
    """The same for UID EXPUNGE, which works on what is \\Deleted only."""
    most = mailbox.account.settings.messages_per_command
    if not most or len(uids) <= most:
        return uids
    view = mailbox.view
    places = ((uid, view.position(uid)) for uid in uids)
    return newest(
        mailbox, array("I", [uid for uid, at in places if at >= 0 and view.table[view.flagsets[at]].deleted])
    )


def newest_found(mailbox: MailboxContext, key: Key) -> Key:
    """``key``, confined to as many messages as one command may look at."""
    searched = _searched(mailbox, key)
    if searched is None or len(newest(mailbox, searched)) == len(searched):
        return key
    there = Numbers(True, SequenceSet(((mailbox.worked_down_to, searched[-1]),)))
    return And((there, *(key.keys if isinstance(key, And) else (key,))))


def must_fit(mailbox: MailboxContext, count: int) -> None:
    """Raise `No` where a command that is done whole or not at all would work on too many messages."""
    most = mailbox.account.settings.messages_per_command
    if most and count > most:
        raise No("Too many messages at once", f"MESSAGELIMIT {most}")


def must_take(mailbox: MailboxContext, uids: array[int]) -> None:
    """The same, telling the lowest UID of those that would fit (section 3.1)."""
    most = mailbox.account.settings.messages_per_command
    if most and len(uids) > most:
        raise No("Too many messages at once", f"MESSAGELIMIT {most} {uids[-most]}")


def must_find(mailbox: MailboxContext, key: Key) -> None:
    """The same for what looks at the messages that ``key`` does not exclude by their numbers."""
    searched = _searched(mailbox, key)
    if searched is not None:
        must_fit(mailbox, len(searched))


def told(mailbox: MailboxContext, done: Done) -> Done:
    """The answer of a command that has not worked on all that it named."""
    most = mailbox.account.settings.messages_per_command
    code = b"MESSAGELIMIT %d %d" % (most, mailbox.worked_down_to)
    mailbox.worked_down_to = 0
    if not done.code:
        return done._replace(text=f"The newest {most} messages are done", code=code)
    mailbox.talk.out.write(responses.untagged("NO", f"The newest {most} messages are done", code))
    return done


def _searched(mailbox: MailboxContext, key: Key) -> array[int] | None:
    """The messages that the sets of numbers in ``key`` leave; None where all of the mailbox are few enough."""
    most = mailbox.account.settings.messages_per_command
    if not most or mailbox.snapshot.exists <= most:
        return None
    uids = mailbox.snapshot.uids_in(EVERYTHING)
    for each in key.keys if isinstance(key, And) else (key,):
        if isinstance(each, Numbers):
            named = frozenset(mailbox.uids(each.numbers, uid=each.uid))
            uids = array("I", [uid for uid in uids if uid in named])
    return uids
