"""Which mailboxes a LIST or LSUB tells of, and how. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from services.imap.names import Names
from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.match import matches
from shared.protocols.imap.syntax.list import List


class Entry(NamedTuple):
    """One line of the answer; ``name`` in the client's separator."""

    name: str
    attributes: tuple[str, ...]
    described: bool  # a mailbox that meets the criteria itself: states, rights and annotations are told of it
    subscribed_below: bool = False  # CHILDINFO ("SUBSCRIBED"), RFC 5258 section 3.5
    rights: str = ""  # of the user, where it is a mailbox (RFC 8440)


class _Tree:
    """What is known of each name: who it is, and what lies below it."""

    def __init__(self, mailboxes: Sequence[Mailbox]) -> None:
        self.parents = _ancestors(mailbox.name for mailbox in mailboxes if mailbox.id)

    def exists(self, mailbox: Mailbox) -> bool:
        """Whether it is a mailbox, or at least a level above one; not so for what is only subscribed to."""
        return bool(mailbox.id) or mailbox.name in self.parents


def _ancestors(names: Iterable[str]) -> set[str]:
    above: set[str] = set()
    for name in names:
        at = name.rfind("/")
        while at > 0 and name[:at] not in above:
            above.add(name[:at])
            at = name.rfind("/", 0, at)
    return above


def choose(command: List, mailboxes: Sequence[Mailbox], names: Names) -> list[Entry]:
    """The answer, in the order of names."""
    tree = _Tree(mailboxes)
    patterns = [command.reference + pattern for pattern in command.patterns if pattern]

    def matching(mailbox: Mailbox) -> bool:
        name = names.outward(mailbox.name)
        return any(matches(pattern, name, names.separator) for pattern in patterns)

    if command.lsub or "SUBSCRIBED" in command.selection:
        return _subscribed(command, mailboxes, tree, names, matching)
    return [
        _entry(command, mailbox, tree, names)
        for mailbox in mailboxes
        if tree.exists(mailbox) and _special_enough(command, mailbox) and matching(mailbox)
    ]


def _subscribed(
    command: List, mailboxes: Sequence[Mailbox], tree: _Tree, names: Names, matching: Callable[[Mailbox], bool]
) -> list[Entry]:
    """What is subscribed to; and, by RECURSIVEMATCH or for LSUB, levels above it that stand for what the patterns do
    not reach, mailboxes or not (RFC 5258 sections 3.3 and 3.5, RFC 3501 section 6.3.9)."""
    wanted = {each.name: each for each in mailboxes if each.subscribed and _special_enough(command, each)}
    reached = {name for name, mailbox in wanted.items() if matching(mailbox)}
    recursive = "RECURSIVEMATCH" in command.selection
    above = _ancestors(wanted) if recursive else frozenset()
    standing = _ancestors(wanted.keys() - reached) - wanted.keys() if recursive or command.lsub else frozenset()
    known = {each.name: each for each in mailboxes}
    entries: list[Entry] = []
    for name in sorted(reached | standing):
        mailbox = known.get(name) or Mailbox(0, name, 0)
        if name in reached:
            entries.append(_entry(command, mailbox, tree, names, below=name in above))
        elif matching(mailbox):
            entry = _entry(command, mailbox, tree, names, below=recursive)
            attributes = entry.attributes if recursive else ("\\Noselect",)
            entries.append(entry._replace(attributes=attributes, described=False, rights=""))
    return entries


def _special_enough(command: List, mailbox: Mailbox) -> bool:
    return bool(mailbox.special_use) or "SPECIAL-USE" not in command.selection


def _entry(command: List, mailbox: Mailbox, tree: _Tree, names: Names, *, below: bool = False) -> Entry:
    there = _selectable(mailbox)
    attributes = _attributes(command, mailbox, tree)
    return Entry(names.outward(mailbox.name), attributes, there, below, mailbox.rights if there else "")


def _selectable(mailbox: Mailbox) -> bool:
    return bool(mailbox.id) and mailbox.selectable


def _attributes(command: List, mailbox: Mailbox, tree: _Tree) -> tuple[str, ...]:
    attributes: list[str] = []
    if not _selectable(mailbox):
        attributes.append("\\NonExistent" if command.extended and not mailbox.id else "\\Noselect")
    elif command.status and "r" not in mailbox.rights:  # no state can be told (RFC 5819 section 2)
        attributes.append("\\Noselect")
    attributes.append("\\HasChildren" if mailbox.name in tree.parents else "\\HasNoChildren")
    if mailbox.subscribed and ("SUBSCRIBED" in command.selection or "SUBSCRIBED" in command.returns):
        attributes.append("\\Subscribed")
    if mailbox.special_use and not command.lsub:
        attributes.append(mailbox.special_use)
    return tuple(attributes)
