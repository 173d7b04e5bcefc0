"""Making, removing and renaming mailboxes (RFC 3501 sections 6.3.3 to 6.3.5).

Each function raises `Refused` before it has written anything, or not at all.
"""

from __future__ import annotations

from typing import Any

from services.storage.handlers.notices import tell_list
from services.storage.repositories import mailbox_scripts, mailboxes, metadata, places, rights
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import AccountState, Ledger, MailboxState
from services.storage.repositories.places import Place
from services.storage.rules import names
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Create, Created, Named, Rename


class Tree:
    """The mailboxes of one account by name, as this transaction sees them, for one who asks."""

    def __init__(self, work: UnitOfWork, account: int, asker: int) -> None:
        self.work = work
        self.asker = asker
        self.ledger = Ledger(work.connection)
        self.access = Access(self.ledger)
        self.ledger.load_names([(account, names.INBOX)])
        if account not in self.ledger.accounts:
            raise Refused(Code.NOT_FOUND, "no such account")
        self.owner: AccountState = self.ledger.accounts[account]
        self.ids = {row.name: row.id for row in mailboxes.names(work.connection, [account])}

    @property
    def own(self) -> bool:
        """Whether the one who asks owns it."""
        return self.owner.id == self.asker

    def state(self, name: str) -> MailboxState:
        """The mailbox of a name that is there."""
        self.ledger.load([self.ids[name]])
        return self.ledger.mailboxes[self.ids[name]]

    def needs(self, name: str, right: str) -> None:
        """Raise `Refused` unless the one who asks holds ``right`` at a name that is there."""
        found = self.access.by_place(Place(self.owner.id, self.state(name).name), self.asker, right)
        if isinstance(found, Refused):
            raise found

    def above(self, name: str) -> str | None:
        """The nearest mailbox above a name; for others than the owner, INBOX is above all."""
        known = [parent for parent in names.parents(name) if parent in self.ids]
        if known:
            return known[-1]
        return None if self.own or names.INBOX not in self.ids else names.INBOX

    def may_make(self, name: str) -> None:
        """Raise `Refused` unless mailboxes may be made where ``name`` would stand (RFC 4314 section 4)."""
        if self.own:
            return
        above = self.above(name)
        if above is None:
            raise Refused(Code.NOT_FOUND)
        self.needs(above, "k")

    def below(self, name: str) -> list[str]:
        """Names under ``name``, parents first."""
        return sorted(other for other in self.ids if names.below(name, other))

    def make(self, name: str, special_use: str = "") -> MailboxState:
        """Make a mailbox, and mailboxes of the names above it that are no names yet.

        Who may do what in the nearest one above may do so in the new ones.
        """
        there = self.ids.keys() | names.missing_parents(self.ids)
        wanted = [(parent, "") for parent in names.parents(name) if parent not in there]
        wanted.append((name, special_use))
        if len(self.ids) + len(wanted) > mailboxes.MAX_MAILBOXES:
            raise Refused(Code.LIMIT, "too many mailboxes")
        above = self.above(name)
        states = mailboxes.add(self.ledger, self.work.now, self.owner, wanted)
        if above is not None:
            rights.inherit(self.work.connection, self.ids[above], [state.id for state in states])
        self.ids.update({state.name: state.id for state in states})
        return states[-1]


def _tree(work: UnitOfWork, asked: Asked[Any], name: str) -> tuple[Tree, str]:
    """The tree in which ``name`` stands, and what it is called there."""
    place = places.find(work.connection, asked.account, name)
    return Tree(work, place.account, asked.account), place.name


def _new_name(name: str) -> str:
    """A name to be made, without the separator that a client may leave at its end (RFC 3501 section 6.3.3)."""
    try:
        return names.validate(name.removesuffix(names.SEPARATOR))
    except names.BadName as error:
        raise Refused(Code.CANNOT, str(error)) from error


def create(work: UnitOfWork, asked: Asked[Create]) -> Created:
    """Make a mailbox."""
    tree, inner = _tree(work, asked, asked.request.name)
    name = _new_name(inner)
    use = asked.request.special_use
    if use and (use not in names.SPECIAL_USES or not tree.own):
        raise Refused(Code.CANNOT, "no mailbox may have this special use")
    tree.may_make(name)
    if name == names.INBOX or name in tree.ids:
        raise Refused(Code.ALREADY_EXISTS)
    made = tree.make(name, use)
    tell_list(work, tree.owner.id, asked.session)
    return Created(made.id, made.uidvalidity)


def delete(work: UnitOfWork, asked: Asked[Named]) -> Done:
    """Remove a mailbox; when others are below it, its name lives on as their parent."""
    tree, name = _tree(work, asked, asked.request.name)
    if name in tree.ids:
        tree.needs(name, "x")
    elif tree.own and tree.below(name):
        raise Refused(Code.CANNOT, "only a parent of others")
    else:
        raise Refused(Code.NOT_FOUND)
    if name == names.INBOX:
        raise Refused(Code.CANNOT, "INBOX stays")
    state = tree.state(name)
    state.account.gained_messages -= state.messages
    state.account.gained_octets -= state.octets
    mailboxes.remove(work.connection, [state.id])
    tree.ledger.save()
    last = Change(*state.step(state.modseq)._replace(modseq=state.modseq + 1), deleted=True, author=asked.session)
    work.publish(mailbox_changed, last, key=state.id)
    tell_list(work, tree.owner.id, asked.session)
    return Done()


def rename(work: UnitOfWork, asked: Asked[Rename]) -> Done:
    """Rename a mailbox. Subscriptions stay with the names, rights with the mailbox."""
    tree, name = _tree(work, asked, asked.request.name)
    target = places.find(work.connection, asked.account, asked.request.to)
    to = _new_name(target.name)
    if not tree.own:
        _may_rename(tree, name)
    if target.account != tree.owner.id:
        raise Refused(Code.CANNOT, "a mailbox keeps its owner")
    if to == names.INBOX or to in tree.ids:
        raise Refused(Code.ALREADY_EXISTS)
    tree.may_make(to)
    if name == names.INBOX:
        _replace_inbox(work, tree, to, asked.session)
    else:
        _move_tree(work, tree, name, to)
    tell_list(work, tree.owner.id, asked.session)
    return Done()


def _may_rename(tree: Tree, name: str) -> None:
    """Others rename mailboxes only, never INBOX, and need the right to delete."""
    if name not in tree.ids:
        raise Refused(Code.NOT_FOUND)
    tree.needs(name, "x")
    if name == names.INBOX:
        raise Refused(Code.CANNOT, "INBOX stays")


def _move_tree(work: UnitOfWork, tree: Tree, name: str, to: str) -> None:
    """Rename a mailbox, or a mere parent, with all that is below it."""
    moved = ([name] if name in tree.ids else []) + tree.below(name)
    if not moved:
        raise Refused(Code.NOT_FOUND)
    if names.below(name, to):
        raise Refused(Code.CANNOT, "a name cannot move below itself")
    renamed = {old: _new_name(to + old[len(name) :]) for old in moved}
    if not (tree.ids.keys() - renamed.keys()).isdisjoint(renamed.values()):
        raise Refused(Code.ALREADY_EXISTS)
    above = to.rpartition(names.SEPARATOR)[0]
    if above and above not in tree.ids and not tree.below(above):
        tree.make(above)
    mailboxes.rename(work.connection, [(tree.ids[old], new) for old, new in renamed.items()])


def _replace_inbox(work: UnitOfWork, tree: Tree, to: str, session: str) -> None:
    """Let INBOX go on under its new name, identity, UIDs and all, and put an empty one in its place.

    The messages keep what clients know them by (RFC 8474), and the empty INBOX has a UIDVALIDITY of its own. Who has
    the old one open asked for INBOX, which it no longer is: for them it is gone.
    """
    if names.INBOX not in tree.ids:
        raise Refused(Code.NOT_FOUND)
    old = tree.state(names.INBOX)
    above = to.rpartition(names.SEPARATOR)[0]
    if above and above not in tree.ids:
        tree.make(above)
    mailboxes.rename(work.connection, [(old.id, to)])
    del tree.ids[names.INBOX]
    fresh = tree.make(names.INBOX)
    rights.inherit(work.connection, old.id, [fresh.id])
    metadata.copy(work.connection, old.id, fresh.id)
    mailbox_scripts.resolve(work.connection, [tree.owner.id])
    previous = old.modseq
    old.advance()
    tree.ledger.save()
    work.publish(mailbox_changed, Change(*old.step(previous), deleted=True, author=session), key=old.id)
