"""What became different between two lists of mailboxes (RFC 5465 sections 5.4 and 5.5). Pure.

The difference is taken between what is and what was told, so nothing is missed whatever notices are lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from services.imap.listing import choose
from services.imap.names import Names
from services.imap.notify.choice import Choice
from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.syntax.list import List
from shared.protocols.imap.syntax.notify import Event

_ALL = List("", ("*",), returns=frozenset({"SUBSCRIBED", "CHILDREN"}), extended=True)


class Told(NamedTuple):
    """One LIST response; names are those of storage."""

    name: str
    attributes: tuple[str, ...]
    old_name: str = ""


def differences(before: Sequence[Mailbox], after: Sequence[Mailbox], choice: Choice) -> list[Told]:
    """The LIST responses that bring a client from one list to the other, each name once, in order."""
    was, now = {each.name: each for each in before}, {each.name: each for each in after}
    renamed = dict(_renamed(before, after))
    affected = dict.fromkeys((*_made_or_gone(before, after, renamed), *renamed), Event.NAME)
    for name in was.keys() | now.keys():
        if _subscribed(was, name) != _subscribed(now, name):
            affected.setdefault(name, Event.SUBSCRIPTION)
    attributes = {entry.name: entry.attributes for entry in choose(_ALL, after, Names("/"))}
    return [
        Told(name, attributes.get(name) or _nowhere(now.get(name)), renamed.get(name, ""))
        for name, event in sorted(affected.items())
        if event in _wanted(choice, was.get(name), now.get(name), name)
    ]


def _wanted(choice: Choice, was: Mailbox | None, now: Mailbox | None, name: str) -> frozenset[Event]:
    known = [choice.events(each) for each in (was, now) if each is not None]
    return frozenset().union(*known) if known else choice.events(Mailbox(0, name, 0))


def _made_or_gone(before: Sequence[Mailbox], after: Sequence[Mailbox], renamed: Mapping[str, str]) -> Iterator[str]:
    """Mailboxes that came or went, and the levels above them."""
    was, now = {each.id for each in before}, {each.id for each in after}
    for mailbox in (*before, *after):
        if mailbox.id and (mailbox.id not in was or mailbox.id not in now) and mailbox.name not in renamed:
            yield mailbox.name
            parent = mailbox.name.rpartition("/")[0]
            if parent:
                yield parent


def _renamed(before: Sequence[Mailbox], after: Sequence[Mailbox]) -> Iterator[tuple[str, str]]:
    """New and old name of what was renamed; not of what only moved along with the level above it."""
    old_names = {each.id: each.name for each in before if each.id}
    moves = {each.name: old_names.get(each.id, each.name) for each in after if each.id}
    moves = {new: old for new, old in moves.items() if new != old}
    for new, old in moves.items():
        parent, _, level = new.rpartition("/")
        if f"{moves.get(parent)}/{level}" != old:
            yield new, old


def _subscribed(mailboxes: Mapping[str, Mailbox], name: str) -> bool:
    return name in mailboxes and mailboxes[name].subscribed


def _nowhere(mailbox: Mailbox | None) -> tuple[str, ...]:
    """The attributes of a name without a mailbox."""
    return ("\\NonExistent", "\\Subscribed") if mailbox is not None and mailbox.subscribed else ("\\NonExistent",)
