"""NOTIFY (RFC 5465 section 8)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.fetch import FetchItem, data_items
from shared.protocols.imap.tokens import Arguments


class Event(StrEnum):
    """What a client may ask to be told of."""

    NEW = "MessageNew"
    EXPUNGE = "MessageExpunge"
    FLAGS = "FlagChange"
    NAME = "MailboxName"
    SUBSCRIPTION = "SubscriptionChange"
    MAILBOX_METADATA = "MailboxMetadataChange"
    SERVER_METADATA = "ServerMetadataChange"


class Where(StrEnum):
    """Which mailboxes a group is about."""

    SELECTED = "SELECTED"
    SELECTED_DELAYED = "SELECTED-DELAYED"
    INBOXES = "INBOXES"
    PERSONAL = "PERSONAL"
    SUBSCRIBED = "SUBSCRIBED"
    SUBTREE = "SUBTREE"
    MAILBOXES = "MAILBOXES"


MESSAGES = frozenset({Event.NEW, Event.EXPUNGE, Event.FLAGS})
_SELECTED = frozenset({Where.SELECTED, Where.SELECTED_DELAYED})
_EVENTS = {event.upper(): event for event in Event}
_BAD_EVENT = f"BADEVENT ({' '.join(Event)})"


class Group(NamedTuple):
    """``events`` wanted of some mailboxes; no events for NONE. ``names`` belong to SUBTREE and MAILBOXES, ``items``
    are told of each new message in the selected mailbox."""

    where: Where
    names: tuple[str, ...]
    events: frozenset[Event]
    items: tuple[FetchItem, ...] = ()

    @property
    def selected(self) -> bool:
        """Whether it is about whatever mailbox is selected."""
        return self.where in _SELECTED


class Notify(NamedTuple):
    """Be told of events at any time. NOTIFY NONE is no groups; ``status``: tell first how things are."""

    groups: tuple[Group, ...]
    status: bool = False


def parse(arguments: Arguments) -> Notify:
    """``SP (SET [SP STATUS] 1*(SP event-group) / NONE)``."""
    arguments.space()
    word = arguments.keyword()
    if word == "NONE":
        return Notify(())
    if word != "SET":
        raise ParseError("SET or NONE expected")
    arguments.space()
    status = arguments.skip_word(b"STATUS")
    if status:
        arguments.space()
    groups = [_group(arguments)]
    while not arguments.at_end():
        arguments.space()
        groups.append(_group(arguments))
    if sum(group.selected for group in groups) > 1:
        raise ParseError("SELECTED or SELECTED-DELAYED, and only once")
    return Notify(tuple(groups), status)


def _group(arguments: Arguments) -> Group:
    arguments.open()
    word = arguments.keyword()
    if word not in Where.__members__.values():
        raise ParseError("Unknown choice of mailboxes")
    where = Where(word)
    names: tuple[str, ...] = ()
    if where in (Where.SUBTREE, Where.MAILBOXES):
        arguments.space()
        names = arguments.items(mailbox) if arguments.peek() == b"(" else (mailbox(arguments),)
    arguments.space()
    events, items = _events(arguments)
    arguments.close()
    group = Group(where, names, frozenset(events), items)
    _check(group)
    return group


def _events(arguments: Arguments) -> tuple[set[Event], tuple[FetchItem, ...]]:
    events: set[Event] = set()
    items: tuple[FetchItem, ...] = ()
    if arguments.skip_word(b"NONE"):
        return events, items
    arguments.open()
    while not arguments.closes():
        if events:
            arguments.space()
            if arguments.peek() == b"(" and Event.NEW in events and not items:
                items = data_items(arguments)
                continue
        event = _EVENTS.get(arguments.keyword())
        if event is None:
            raise ParseError("Unknown event", _BAD_EVENT, "NO")
        events.add(event)
    arguments.close()
    if not events:
        raise ParseError("No event")
    return events, items


def _check(group: Group) -> None:
    wanted = group.events & MESSAGES
    if wanted and not {Event.NEW, Event.EXPUNGE} <= wanted:
        raise ParseError("MessageNew and MessageExpunge go together, and FlagChange with both")
    if group.selected and group.events - MESSAGES:
        raise ParseError("Of the selected mailbox only messages are told")
    if group.items and not group.selected:
        raise ParseError("Items are for the selected mailbox")
