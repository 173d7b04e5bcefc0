"""Copies of messages that storage itself puts into mailboxes: of letters, and of what scripts file.

Invariants:
1. Of one source, a mailbox gets one copy of the same octets, however often it is named.
2. All that one transaction brings into a mailbox has one modseq and is told in one event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from services.storage.handlers.notices import ViewRow, tell, tell_list
from services.storage.repositories import contents, mailboxes, messages
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.messages import Message
from services.storage.rules import flags, names
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.errors import Code
from shared.contracts.messages import Changed, Target


class Source(Protocol):
    """What is copied; ``seq`` tells one source from another. ``size`` counts ``prefix``."""

    @property
    def seq(self) -> int: ...

    @property
    def content_id(self) -> int: ...

    @property
    def size(self) -> int: ...

    @property
    def prefix(self) -> bytes | None: ...


class Lacking(Exception):
    """Why copies cannot be made."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Copies:
    """Those of one transaction, in memory until `save`. ``uses`` counts what they hold; its end is the caller's."""

    def __init__(self, flagsets: FlagSets, work: UnitOfWork, ledger: Ledger, targets: Iterable[Target]) -> None:
        """``targets`` are all that may come; each mailbox is called by its name."""
        self.ledger = ledger
        self.uses: Counter[int] = Counter()
        self._flagsets = flagsets
        self._work = work
        self._now = int(work.now)
        self._rows: list[Message] = []
        self._changed: list[tuple[int, Changed]] = []  # place in `_rows`, and what that message holds
        self._arrived: dict[int, list[ViewRow]] = {}
        self._previous: dict[int, int] = {}
        self._copies: dict[tuple[int, int, Changed | None], str] = {}  # by source, mailbox and content
        self._astray: list[Target] = []
        ledger.load_names(_names(targets))

    def check(self, targets: Sequence[Target], size: int) -> None:
        """Raise `Lacking` unless accounts are there and have room for all ``targets`` of a source of ``size``."""
        wanted: dict[int, tuple[int, int]] = {}
        for target in targets:
            count, octets = wanted.get(target.account, (0, 0))
            wanted[target.account] = count + 1, octets + size + len(target.prefix)
        for number, (count, octets) in wanted.items():
            owner = self.ledger.accounts.get(number)
            if owner is None:
                raise Lacking(Code.NOT_FOUND, "no such account")
            if not owner.has_room(count, octets):
                raise Lacking(Code.OVER_QUOTA, f"account {number} is full")
        for target in targets:
            state = self._present(target)
            if state is not None and not state.has_room(1, size + len(target.prefix), within=True):
                raise Lacking(Code.OVER_QUOTA, f"{state.name} is full")

    def _present(self, target: Target) -> MailboxState | None:
        """The mailbox that would take a copy, if it is there already."""
        state = self.ledger.names.get((target.account, names.canonical(target.mailbox)))
        if state is None and not target.create:
            return self.ledger.names.get((target.account, names.INBOX))
        return state

    def distinct(self, targets: Sequence[Target]) -> Sequence[Target]:
        """One target for each mailbox: a message that a script changed is still the same (RFC 5293 section 7), and
        the flags given last win (RFC 5232 section 3)."""
        if len(targets) < 2:
            return targets
        chosen: dict[int, Target] = {}
        for target in targets:
            chosen[self._mailbox(target).id] = target
        return tuple(chosen.values())

    def add(self, target: Target, source: Source, date: int | None = None) -> str:
        """One copy into one mailbox; its name and UID, "INBOX/7", as it is told and remembered. ``date`` is
        INTERNALDATE, None for now."""
        state = self._mailbox(target)
        copy = (source.seq, state.id, target.changed)
        if (known := self._copies.get(copy)) is not None:
            return known
        flagset, bits = self._flagset(target.flags) if target.flags else (0, 0)
        arrived = self._arrived.get(state.id)
        if arrived is None:
            arrived = self._arrived[state.id] = []
            self._previous[state.id] = state.modseq
            state.advance()
        uid = state.take_uids(1)
        prefix, size = target.prefix, source.size + len(target.prefix)
        if target.changed is not None:
            size = target.changed.summary.size + len(prefix)
            self._changed.append((len(self._rows), target.changed))
        else:
            self.uses[source.content_id] += 1
            if source.prefix:
                prefix += source.prefix
        state.count(1, size, bits)
        moment = self._now if date is None else date
        arrived.append((uid, state.modseq, flagset, size, moment))
        self._rows.append(
            Message(state.id, uid, source.content_id, state.modseq, flagset, size, moment, self._now, prefix)
        )
        filed = self._copies[copy] = f"{state.name}/{uid}"
        return filed

    def _mailbox(self, target: Target) -> MailboxState:
        return self.ledger.names.get((target.account, names.canonical(target.mailbox))) or self._make(target)

    def _make(self, target: Target) -> MailboxState:
        """The mailbox of a name that is not there: made when that is wanted and can be, else INBOX."""
        owner = self.ledger.accounts[target.account]
        name = _valid(target.mailbox) if target.create else None
        if name is None and names.canonical(target.mailbox) != names.INBOX:
            self._astray.append(target)
        wanted = name or names.INBOX
        use = target.where.special_use if target.where is not None and name is not None else ""
        lacking = [*((parent, "") for parent in names.parents(wanted)), (wanted, use)]
        self.ledger.load_names([(owner.id, name) for name, _ in lacking])
        lacking = [each for each in lacking if (owner.id, each[0]) not in self.ledger.names]
        if lacking:
            mailboxes.add(self.ledger, self._work.now, owner, lacking)
            tell_list(self._work, owner.id)
        return self.ledger.names[owner.id, wanted]

    def take_astray(self) -> list[tuple[int, str]]:
        """Of the copies since the last time that this was asked: (account, text) for its log, for each that INBOX
        took in place of a mailbox that is not there."""
        if not self._astray:
            return []
        astray, self._astray = self._astray, []
        return [(target.account, f"{_trouble(target)}; INBOX was used") for target in dict.fromkeys(astray)]

    def _flagset(self, given: flags.Flags) -> tuple[int, int]:
        """Number and bits; a script's flags that no client could set are dropped."""
        kept = flags.canonical(flags.valid(given))
        return self._flagsets.number(self._work.connection, kept), flags.bits_of(kept)

    def save(self) -> None:
        """Write the messages; mailboxes and accounts are the ledger's to save."""
        if self._changed:
            self._intern()
        messages.add(self._work.connection, self._rows)

    def _intern(self) -> None:
        """Store what scripts changed, and let their messages name it."""
        changed = [each for _, each in self._changed]
        numbers = contents.intern(self._work.connection, self._now, changed)
        for (place, _), number in zip(self._changed, numbers, strict=True):
            self._rows[place] = self._rows[place]._replace(content_id=number)

    def tell(self) -> None:
        """Announce what arrived."""
        for number, rows in self._arrived.items():
            step = self.ledger.mailboxes[number].step(self._previous[number])
            tell(self._work, self._flagsets, step, rows=rows)


def _names(targets: Iterable[Target]) -> set[tuple[int, str]]:
    wanted = set()
    for target in targets:
        wanted.add((target.account, names.INBOX))
        wanted.add((target.account, names.canonical(target.mailbox)))
    return wanted


def _trouble(target: Target) -> str:
    if target.create:
        return f"no mailbox can have the name {target.mailbox!r}"
    return f"there is no mailbox {target.mailbox!r}"


def _valid(name: str) -> str | None:
    try:
        return names.validate(name)
    except names.BadName:
        return None
