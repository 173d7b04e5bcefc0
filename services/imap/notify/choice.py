"""Which mailboxes the groups of a NOTIFY are about, and what is wanted of each (RFC 5465 section 6). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.syntax.notify import MESSAGES, Event, Group, Where

_FOREIGN = "#"  # what begins the names of mailboxes that are not the user's own
_ANNOTATING = frozenset("rswip")  # one of these is needed beside "l" (RFC 5464 section 3.3)


class Choice:
    """The groups of one NOTIFY that are about mailboxes by name, which are those of storage here."""

    __slots__ = ("_groups",)

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = tuple(group for group in groups if not group.selected)

    def events(self, mailbox: Mailbox) -> frozenset[Event]:
        """All that is wanted of a mailbox: groups that name it together."""
        wanted = [group.events for group in self._groups if _names(group, mailbox)]
        return frozenset().union(*wanted)

    def watched(self, mailboxes: Sequence[Mailbox]) -> Mapping[str, frozenset[Event]]:
        """The mailboxes whose messages are wanted: events by name."""
        found = {
            mailbox.name: self.events(mailbox) & MESSAGES
            for mailbox in mailboxes
            if mailbox.id and "r" in mailbox.rights
        }
        return {name: events for name, events in found.items() if events}

    def annotated(self, mailboxes: Sequence[Mailbox]) -> dict[int, str]:
        """Whose annotations are wanted: names by id, with "" under 0 for the server's (sections 5.6 and 5.7)."""
        found = {
            mailbox.id: mailbox.name
            for mailbox in mailboxes
            if mailbox.id
            and not _ANNOTATING.isdisjoint(mailbox.rights)
            and Event.MAILBOX_METADATA in self.events(mailbox)
        }
        if any(Event.SERVER_METADATA in group.events for group in self._groups):
            found[0] = ""
        return found

    def denied(self, mailboxes: Sequence[Mailbox]) -> list[Mailbox]:
        """Mailboxes whose messages are wanted, and which the user may see but not read (section 3.1)."""
        return [
            mailbox
            for mailbox in mailboxes
            if mailbox.id and "r" not in mailbox.rights and self.events(mailbox) & MESSAGES
        ]

    @property
    def empty(self) -> bool:
        """Whether nothing at all is wanted of any of them."""
        return not any(group.events for group in self._groups)


def _names(group: Group, mailbox: Mailbox) -> bool:
    match group.where:
        case Where.PERSONAL | Where.INBOXES:  # a filter may deliver to any mailbox of one's own
            return not mailbox.name.startswith(_FOREIGN)
        case Where.SUBSCRIBED:
            return mailbox.subscribed
        case Where.MAILBOXES:
            return mailbox.name in group.names
        case Where.SUBTREE:
            return any(mailbox.name == name or mailbox.name.startswith(name + "/") for name in group.names)
    return False
