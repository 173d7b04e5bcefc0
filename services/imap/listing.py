"""Which mailboxes a LIST or LSUB tells of, and how. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.imap.names import Names
from shared.contracts.mailboxes import Mailbox
from shared.protocols.imap.match import matches
from shared.protocols.imap.syntax.list import List


class Entry(NamedTuple):
    """One line of the answer; ``name`` in the client's separator."""

    name: str
    attributes: tuple[str, ...]
    selectable: bool
    subscribed_below: bool = False  # CHILDINFO ("SUBSCRIBED"), RFC 5258 section 3.5
    rights: str = ""  # of the user, where it is a mailbox (RFC 8440)


class _Tree:
    """What is known of each name: who it is, and what lies below it."""

    def __init__(self, mailboxes: Sequence[Mailbox]) -> None:
        self.by_name = {mailbox.name: mailbox for mailbox in mailboxes}
        self.parents = _ancestors(mailbox.name for mailbox in mailboxes if mailbox.id)
        self.subscribed_above = _ancestors(mailbox.name for mailbox in mailboxes if mailbox.subscribed)

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
    subscribed = command.lsub or "SUBSCRIBED" in command.selection
    entries: list[Entry] = []
    for mailbox in mailboxes:
        name = names.outward(mailbox.name)
        if not any(matches(pattern, name, names.separator) for pattern in patterns):
            continue
        if subscribed:
            entry = _subscribed(command, mailbox, name, tree, patterns, names)
        else:
            entry = _existing(command, mailbox, name, tree)
        if entry is not None:
            entries.append(entry)
    return entries


def _existing(command: List, mailbox: Mailbox, name: str, tree: _Tree) -> Entry | None:
    if not tree.exists(mailbox):
        return None
    if "SPECIAL-USE" in command.selection and not mailbox.special_use:
        return None
    return _entry(command, mailbox, name, tree)


def _entry(command: List, mailbox: Mailbox, name: str, tree: _Tree, below: bool = False) -> Entry:
    selectable = _selectable(mailbox)
    return Entry(name, _attributes(command, mailbox, tree), selectable, below, mailbox.rights if selectable else "")


def _subscribed(
    command: List, mailbox: Mailbox, name: str, tree: _Tree, patterns: list[str], names: Names
) -> Entry | None:
    below = mailbox.name in tree.subscribed_above
    if mailbox.subscribed:
        if "SPECIAL-USE" in command.selection and not mailbox.special_use:
            return None
        info = below and "RECURSIVEMATCH" in command.selection
        return _entry(command, mailbox, name, tree, info)
    if not below:
        return None
    if "RECURSIVEMATCH" in command.selection:
        return _entry(command, mailbox, name, tree, True)
    if command.lsub and _hides_children(mailbox.name, tree, patterns, names):
        return Entry(name, ("\\Noselect",), False)
    return None


def _hides_children(name: str, tree: _Tree, patterns: list[str], names: Names) -> bool:
    """LSUB with "%": a name stands for subscribed ones below it that the pattern does not reach."""
    start = name + "/"
    return any(
        below.startswith(start)
        and mailbox.subscribed
        and not any(matches(pattern, names.outward(below), names.separator) for pattern in patterns)
        for below, mailbox in tree.by_name.items()
    )


def _selectable(mailbox: Mailbox) -> bool:
    return bool(mailbox.id) and mailbox.selectable


def _attributes(command: List, mailbox: Mailbox, tree: _Tree) -> tuple[str, ...]:
    attributes: list[str] = []
    if not _selectable(mailbox):
        attributes.append("\\NonExistent" if command.extended and not mailbox.id else "\\Noselect")
    attributes.append("\\HasChildren" if mailbox.name in tree.parents else "\\HasNoChildren")
    if mailbox.subscribed and ("SUBSCRIBED" in command.selection or "SUBSCRIBED" in command.returns):
        attributes.append("\\Subscribed")
    if mailbox.special_use and not command.lsub:
        attributes.append(mailbox.special_use)
    return tuple(attributes)
