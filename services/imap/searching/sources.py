"""Which mailboxes an ESEARCH is about (RFC 7377 section 2.2). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.syntax.esearch import Source, Within

_FOREIGN = "#"  # what begins the names of mailboxes that are not the user's own


def named(sources: Iterable[Source], mailboxes: Sequence[Mailbox], inward: Callable[[str], str]) -> list[str]:
    """Names, as storage has them, of the mailboxes that may be read, each once, in the order of the list."""
    wanted = [source._replace(names=tuple(map(inward, source.names))) for source in sources]
    return [
        mailbox.name
        for mailbox in mailboxes
        if mailbox.id and "r" in mailbox.rights and any(_holds(source, mailbox) for source in wanted)
    ]


def unlisted(sources: Iterable[Source], mailboxes: Sequence[Mailbox], inward: Callable[[str], str]) -> list[str]:
    """Names of others' mailboxes that are wanted and stand in no list: these may be read without the right "l"."""
    listed = {mailbox.name for mailbox in mailboxes}
    wanted = [inward(name) for source in sources if source.within is Within.MAILBOXES for name in source.names]
    return [name for name in dict.fromkeys(wanted) if name.startswith(_FOREIGN) and name not in listed]


def _holds(source: Source, mailbox: Mailbox) -> bool:
    name = mailbox.name
    match source.within:
        case Within.MAILBOXES:
            return name in source.names
        case Within.SUBTREE:
            return any(name == top or name.startswith(top + "/") for top in source.names)
        case Within.SUBTREE_ONE:
            return any(top in (name, name.rpartition("/")[0]) for top in source.names)
        case Within.SUBSCRIBED:
            return mailbox.subscribed
        case Within.PERSONAL | Within.INBOXES:  # a filter may deliver to any mailbox of one's own
            return not name.startswith(_FOREIGN)
    return False
