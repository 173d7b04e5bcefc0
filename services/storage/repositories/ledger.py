"""The mailboxes and accounts that one transaction touches: read once, changed in memory, written back once.

Invariants, for as long as a `Ledger` is the only writer in its transaction:
1. ``uidnext`` and ``modseq`` only grow, and are written in the transaction that uses what they gave out.
2. A counter moves by what its message rows move, in the mailbox and in the account alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from services.storage.engines.prepared import Prepared
from services.storage.rules.changes import Step
from services.storage.rules.flags import DELETED, SEEN
from services.storage.rules.quota import fits
from services.storage.tables.schema import account, mailbox


@dataclass(slots=True)
class AccountState:
    """``messages`` and ``octets`` are as in the table; what is gained here stands beside them until `Ledger.save`."""

    id: int
    quota: int
    message_quota: int
    messages: int
    octets: int
    uidvalidity: int
    gained_messages: int = 0
    gained_octets: int = 0

    def has_room(self, messages: int, octets: int) -> bool:
        """Whether its quotas let so much in (RFC 9208)."""
        return fits(self.quota, self.octets + self.gained_octets, octets) and fits(
            self.message_quota, self.messages + self.gained_messages, messages
        )


@dataclass(slots=True)
class MailboxState:
    """One mailbox row, with its account's."""

    account: AccountState
    id: int
    name: str
    uidvalidity: int
    uidnext: int
    modseq: int
    recent_from: int
    messages: int
    unseen: int
    deleted: int
    octets: int
    expunged_before: int
    quota: int = 0
    message_quota: int = 0
    script: str | None = None  # runs on what clients do here
    changed: bool = False

    def has_room(self, messages: int, octets: int, *, within: bool = False) -> bool:
        """Whether the quotas of mailbox and account let so much in; ``within``: it was the account's before."""
        if not (fits(self.quota, self.octets, octets) and fits(self.message_quota, self.messages, messages)):
            return False
        return within or self.account.has_room(messages, octets)

    def advance(self) -> int:
        """A new modseq, for all that one request changes here."""
        self.changed = True
        self.modseq += 1
        return self.modseq

    def take_uids(self, count: int) -> int:
        """The first of ``count`` UIDs, theirs alone for ever."""
        self.changed = True
        first = self.uidnext
        self.uidnext += count
        return first

    def count(self, sign: int, octets: int, bits: int) -> None:
        """A message comes (+1) or goes (-1)."""
        self.changed = True
        self.messages += sign
        self.octets += sign * octets
        self.account.gained_messages += sign
        self.account.gained_octets += sign * octets
        if not bits & SEEN:
            self.unseen += sign
        if bits & DELETED:
            self.deleted += sign

    def reflag(self, old: int, new: int) -> None:
        """The system flags of a message went from ``old`` bits to ``new`` ones."""
        self.changed = True
        self.unseen += (not new & SEEN) - (not old & SEEN)
        self.deleted += bool(new & DELETED) - bool(old & DELETED)

    def step(self, previous: int) -> Step:
        """What a change that started at modseq ``previous`` has come to."""
        return Step(self.id, previous, self.modseq, self.uidnext)


_ACCOUNT = (
    account.c.id,
    account.c.quota,
    account.c.message_quota,
    account.c.messages,
    account.c.octets,
    account.c.uidvalidity,
)
_WIDTH = len(_ACCOUNT)
_MAILBOX = (
    mailbox.c.id,
    mailbox.c.name,
    mailbox.c.uidvalidity,
    mailbox.c.uidnext,
    mailbox.c.modseq,
    mailbox.c.recent_from,
    mailbox.c.messages,
    mailbox.c.unseen,
    mailbox.c.deleted,
    mailbox.c.octets,
    mailbox.c.expunged_before,
    mailbox.c.quota,
    mailbox.c.message_quota,
    mailbox.c.script,
)
_STATE = select(*_ACCOUNT, *_MAILBOX).join_from(mailbox, account)
BY_ID = Prepared(_STATE.where(mailbox.c.id.in_(bindparam("ids", expanding=True))), "ids")
BY_NAME = Prepared(
    select(*_ACCOUNT, *_MAILBOX)
    .join_from(
        account,
        mailbox,
        and_(mailbox.c.account_id == account.c.id, mailbox.c.name.in_(bindparam("names", expanding=True))),
        isouter=True,
    )
    .where(account.c.id.in_(bindparam("accounts", expanding=True))),
    "accounts",
    "names",
)
_SAVED = ("uidnext", "modseq", "recent_from", "messages", "unseen", "deleted", "octets")
SAVE_MAILBOX = Prepared(
    update(mailbox)
    .where(mailbox.c.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _SAVED}),
    "of",
    *(f"new_{name}" for name in _SAVED),
)
_saved = attrgetter("id", *_SAVED)
SAVE_ACCOUNT = Prepared(
    update(account)
    .where(account.c.id == bindparam("of"))
    .values(
        messages=account.c.messages + bindparam("gained_messages"),
        octets=account.c.octets + bindparam("gained_octets"),
    ),
    "of",
    "gained_messages",
    "gained_octets",
)
_gained = attrgetter("id", "gained_messages", "gained_octets")


class Ledger:
    """What one handler's batch knows of mailboxes and accounts."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.accounts: dict[int, AccountState] = {}
        self.mailboxes: dict[int, MailboxState] = {}
        self.names: dict[tuple[int, str], MailboxState] = {}

    def load(self, ids: Collection[int]) -> None:
        """Read mailboxes by id; those that are not there stay unknown."""
        wanted = [number for number in set(ids) if number not in self.mailboxes]
        if wanted:
            self._remember(BY_ID.rows(self.connection, wanted))

    def load_names(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Read accounts, and their mailboxes of these names, by (account id, name)."""
        wanted = set(pairs) - self.names.keys()
        if wanted:
            accounts = list({number for number, _ in wanted})
            names = list({name for _, name in wanted})
            self._remember(BY_NAME.rows(self.connection, accounts, names))

    def _remember(self, rows: Iterable[Any]) -> None:
        for row in rows:
            owner = self.accounts.get(row[0])
            if owner is None:
                owner = self.accounts[row[0]] = AccountState(*row[:_WIDTH])
            if row[_WIDTH] is not None and row[_WIDTH] not in self.mailboxes:
                self.add(MailboxState(owner, *row[_WIDTH:]))

    def add(self, state: MailboxState) -> None:
        """Know ``state`` from now on; it is in the table."""
        self.mailboxes[state.id] = state
        self.names[state.account.id, state.name] = state

    def owned(self, mailbox: int, account: int) -> MailboxState | None:
        """The mailbox, when it is there and is this account's."""
        state = self.mailboxes.get(mailbox)
        return state if state is not None and state.account.id == account else None

    def save(self) -> None:
        """Write back what changed."""
        changed = [state for state in self.mailboxes.values() if state.changed]
        SAVE_MAILBOX.run_many(self.connection, list(map(_saved, changed)))
        grown = [state for state in self.accounts.values() if state.gained_messages or state.gained_octets]
        SAVE_ACCOUNT.run_many(self.connection, list(map(_gained, grown)))
