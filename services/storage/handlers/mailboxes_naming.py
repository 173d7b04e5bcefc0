"""Making, removing and renaming mailboxes (RFC 3501 sections 6.3.3 to 6.3.5).

Each function raises `Refused` before it has written anything, or not at all.
"""

from __future__ import annotations

from services.storage.handlers.notices import tell_list
from services.storage.repositories import mailboxes
from services.storage.repositories.ledger import AccountState, Ledger, MailboxState
from services.storage.rules import names
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Create, Created, Named, Rename


class Tree:
    """The mailboxes of one account by name, as this transaction sees them."""

    def __init__(self, work: UnitOfWork, account: int) -> None:
        self.work = work
        self.ledger = Ledger(work.connection)
        self.ledger.load_names([(account, names.INBOX)])
        if account not in self.ledger.accounts:
            raise Refused(Code.NOT_FOUND, "no such account")
        self.owner: AccountState = self.ledger.accounts[account]
        self.ids = {row.name: row.id for row in mailboxes.names(work.connection, [account])}

    def state(self, name: str) -> MailboxState:
        """The mailbox of a name that is there."""
        self.ledger.load([self.ids[name]])
        return self.ledger.mailboxes[self.ids[name]]

    def below(self, name: str) -> list[str]:
        """Names under ``name``, parents first."""
        return sorted(other for other in self.ids if names.below(name, other))

    def make(self, name: str, special_use: str = "") -> MailboxState:
        """Make a mailbox, and mailboxes of the names above it that are no names yet."""
        there = self.ids.keys() | names.missing_parents(self.ids)
        wanted = [(parent, "") for parent in names.parents(name) if parent not in there]
        wanted.append((name, special_use))
        if len(self.ids) + len(wanted) > mailboxes.MAX_MAILBOXES:
            raise Refused(Code.LIMIT, "too many mailboxes")
        states = mailboxes.add(self.ledger, self.work.now, self.owner, wanted)
        self.ids.update({state.name: state.id for state in states})
        return states[-1]


def _new_name(name: str) -> str:
    """A name to be made, without the separator that a client may leave at its end (RFC 3501 section 6.3.3)."""
    try:
        return names.validate(name.removesuffix(names.SEPARATOR))
    except names.BadName as error:
        raise Refused(Code.CANNOT, str(error)) from error


def create(work: UnitOfWork, asked: Asked[Create]) -> Created:
    """Make a mailbox."""
    name = _new_name(asked.request.name)
    use = asked.request.special_use
    if use and use not in names.SPECIAL_USES:
        raise Refused(Code.CANNOT, "no mailbox may have this special use")
    tree = Tree(work, asked.account)
    if name == names.INBOX or name in tree.ids:
        raise Refused(Code.ALREADY_EXISTS)
    made = tree.make(name, use)
    tell_list(work, asked.account)
    return Created(made.id, made.uidvalidity)


def delete(work: UnitOfWork, asked: Asked[Named]) -> Done:
    """Remove a mailbox; when others are below it, its name lives on as their parent."""
    name = names.canonical(asked.request.name)
    if name == names.INBOX:
        raise Refused(Code.CANNOT, "INBOX stays")
    tree = Tree(work, asked.account)
    if name not in tree.ids:
        if tree.below(name):
            raise Refused(Code.CANNOT, "only a parent of others")
        raise Refused(Code.NOT_FOUND)
    state = tree.state(name)
    state.account.gained_messages -= state.messages
    state.account.gained_octets -= state.octets
    mailboxes.remove(work.connection, [state.id])
    tree.ledger.save()
    last = Change(*state.step(state.modseq)._replace(modseq=state.modseq + 1), deleted=True, author=asked.session)
    work.publish(mailbox_changed, last, key=state.id)
    tell_list(work, asked.account)
    return Done()


def rename(work: UnitOfWork, asked: Asked[Rename]) -> Done:
    """Rename a mailbox. Subscriptions stay with the names."""
    name, to = names.canonical(asked.request.name), _new_name(asked.request.to)
    tree = Tree(work, asked.account)
    if to == names.INBOX or to in tree.ids:
        raise Refused(Code.ALREADY_EXISTS)
    if name == names.INBOX:
        _replace_inbox(work, tree, to, asked.session)
    else:
        _move_tree(work, tree, name, to)
    tell_list(work, asked.account)
    return Done()


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
    tree.make(names.INBOX)
    previous = old.modseq
    old.advance()
    tree.ledger.save()
    work.publish(mailbox_changed, Change(*old.step(previous), deleted=True, author=session), key=old.id)
