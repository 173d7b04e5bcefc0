"""What commands are given: as much as their state allows, and no more.

A command that works in every state gets a `Context`, one before login a `LoginContext` (see `admission`), one that
needs an account an `AccountContext`, and one that needs a selected mailbox a `MailboxContext`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import trio

from services.imap.ahead import Ahead
from services.imap.batching import Allowance
from services.imap.config import ImapSettings
from services.imap.conversation import Conversation
from services.imap.dialect import Dialect
from services.imap.errors import Bad, Bye, No
from services.imap.fetching.cache import BodyCache
from services.imap.names import Names
from services.imap.notify.watches import Watches
from services.imap.pace import NO_LIMIT, Pace
from services.imap.snapshot import News, Snapshot
from services.imap.sync import Live, Mailboxes
from services.imap.view import View
from shared.bus.client import Bus
from shared.contracts.changes import Change
from shared.contracts.directory import LoggedIn
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Opened
from shared.contracts.op import Op
from shared.protocols.imap.sets import SequenceSet
from shared.runtime.settings import USUAL_LOGINS, LoginSettings

Q = TypeVar("Q")
R = TypeVar("R")

_WRITING = frozenset("iswte")


class State(Enum):
    """RFC 3501 section 3; the state "logout" is the end of the session."""

    NOT_AUTHENTICATED = auto()
    AUTHENTICATED = auto()
    SELECTED = auto()


class Then(Enum):
    """What follows the tagged response."""

    GO_ON = auto()
    START_TLS = auto()
    COMPRESS = auto()
    START_ANEW = auto()
    CLOSE = auto()


class Done(NamedTuple):
    """A command did what it was asked: OK. An empty ``text`` becomes "<name> completed"."""

    text: str = ""
    code: bytes = b""
    then: Then = Then.GO_ON


DONE = Done()


class Shared(NamedTuple):
    """What all sessions of the process have in common."""

    settings: ImapSettings
    bus: Bus
    nursery: trio.Nursery  # for questions asked ahead
    mailboxes: Mailboxes
    names: Names
    watches: Watches
    logins: LoginSettings = USUAL_LOGINS
    managesieve: str = "localhost"
    pace: Pace = NO_LIMIT


class Notified(Protocol):
    """What a session asked for by NOTIFY (`services.imap.notify.registration`)."""

    async def tell(self, *, expunges: bool, command: str = "") -> None: ...

    async def tell_between_commands(self) -> None: ...

    def made(self, mailbox: int, uids: Iterable[int]) -> None: ...

    def end(self) -> None: ...


class Followed(Protocol):
    """A search whose results are followed (`services.imap.searching.updates`)."""

    by_number: bool  # told as message numbers

    def before_news(self, mailbox: MailboxContext, news: News) -> None: ...

    async def after_news(self, mailbox: MailboxContext) -> bool: ...


class Context:
    """For any state."""

    __slots__ = ("_capabilities", "identity", "talk")

    def __init__(self, talk: Conversation, capabilities: Callable[[], Sequence[str]]) -> None:
        self.talk = talk
        self._capabilities = capabilities
        self.identity = ""  # what ID told, for the log

    def capabilities(self) -> Sequence[str]:
        """What is offered now."""
        return self._capabilities()


class AccountContext:
    """After login."""

    __slots__ = (
        "_look_for_end",
        "_shared",
        "account",
        "address",
        "dialect",
        "expires",
        "grant",
        "notify",
        "selected",
        "talk",
    )

    def __init__(
        self, talk: Conversation, shared: Shared, logged_in: LoggedIn, look_for_end: Callable[[], None]
    ) -> None:
        self.talk = talk
        self._shared = shared
        self._look_for_end = look_for_end
        self.account = logged_in.account
        self.address = logged_in.address
        self.grant = logged_in.grant
        self.expires = logged_in.expires  # Unix seconds
        self.dialect = Dialect()
        self.selected: MailboxContext | None = None
        self.notify: Notified | None = None  # what NOTIFY asked for, once it was used

    @property
    def id(self) -> str:
        """The session's id, by which storage names the author of a change."""
        return self.talk.connection.id

    @property
    def settings(self) -> ImapSettings:
        return self._shared.settings

    @property
    def names(self) -> Names:
        return self._shared.names

    @property
    def mailboxes(self) -> Mailboxes:
        return self._shared.mailboxes

    @property
    def nursery(self) -> trio.Nursery:
        return self._shared.nursery

    async def call(self, op: Op[Q, R], request: Q) -> R:
        """Ask storage. Raises `Refused` and `Unavailable`; `Bye` when the grant ended."""
        try:
            return await self._shared.bus.call(op, request, trace=self.id)
        except Refused as error:
            if error.code is Code.GRANT_EXPIRED:
                raise Bye("Please log in again") from error
            raise

    async def call_patiently(self, op: Op[Q, R], request: Q, done: int, goal: int) -> R:
        """The same for what may take long: the client is shown now and then that its command is at work."""
        ahead = Ahead(self.nursery, partial(self.call, op, request))
        try:
            while True:
                with trio.move_on_at(self.talk.sign_at):
                    return await ahead.take()
                await self.talk.progress(done, goal)
        finally:
            ahead.cancel()

    def must_go_on(self) -> None:
        """Raise `Bye` when the session is asked to end, or its mailbox is gone. For commands that wait."""
        self._look_for_end()

    @property
    def watches(self) -> Watches:
        return self._shared.watches

    def listen(self, notify: Notified) -> None:
        """Be told of events as ``notify`` says, also while no command is in hand."""
        if self.notify is not None:
            self.notify.end()
        self.notify = notify
        if self.selected is not None:
            self.selected.live.idle.add(self.talk.bell)

    def made(self, mailbox: int, uids: Iterable[int]) -> None:
        """The session put these messages into a mailbox."""
        if self.notify is not None:
            self.notify.made(mailbox, uids)

    def close(self) -> None:
        """The session is over."""
        self.leave()
        if self.notify is not None:
            self.notify.end()
            self.notify = None

    def leave(self) -> None:
        """Deselect, silently."""
        if self.selected is not None:
            self.selected.close()
            self.selected = None


class MailboxContext:
    """With a mailbox selected. ``saved`` is the result of the last SEARCH RETURN (SAVE) (RFC 5182).

    ``rights`` are the user's here (RFC 4314) as of the generation ``rights_known``; see `services.imap.rights`.
    """

    __slots__ = (
        "_batches",
        "_bodies",
        "_may_write",
        "account",
        "keywords_told",
        "live",
        "name",
        "numbered",
        "own",
        "rights",
        "rights_known",
        "saved",
        "snapshot",
        "uidvalidity",
        "updates",
        "worked_down_to",
    )

    def __init__(self, account: AccountContext, live: Live, name: str, opened: Opened, *, writable: bool) -> None:
        self.account = account
        self.live = live
        self.name = name
        self.uidvalidity = opened.uidvalidity
        self.own = opened.owner == account.account
        self.rights = opened.rights
        self.rights_known = (
            live.rights_generation if self.own else -1
        )  # what changed since it was opened went unheard
        self._may_write = writable
        self.snapshot = Snapshot(live.view, opened.recent_from)
        self.keywords_told = len(live.view.keywords)
        self.numbered = False  # the command in hand named messages by number
        self.worked_down_to = 0  # the lowest UID that it worked on, where it named too many messages
        self.saved: array[int] | None = None
        self.updates: dict[str, Followed] = {}  # by the tags of their commands
        self._bodies: BodyCache | None = None
        self._batches: Allowance | None = None
        account.mailboxes.join(live, self)
        if account.notify is not None:
            live.idle.add(account.talk.bell)

    @property
    def grant(self) -> bytes:
        return self.account.grant

    @property
    def id(self) -> str:
        return self.account.id

    @property
    def view(self) -> View:
        return self.live.view

    @property
    def talk(self) -> Conversation:
        return self.account.talk

    @property
    def nursery(self) -> trio.Nursery:
        return self.account.nursery

    @property
    def bodies(self) -> BodyCache:
        """Messages read ahead."""
        if self._bodies is None:
            self._bodies = BodyCache()
        return self._bodies

    @property
    def batches(self) -> Allowance:
        """Which batches of UIDs the client was told."""
        if self._batches is None:
            self._batches = Allowance()
        return self._batches

    @property
    def writable(self) -> bool:
        """Whether it was opened by SELECT, and something may be changed here (RFC 4314 section 5.2)."""
        return self._may_write and not _WRITING.isdisjoint(self.rights)

    def close(self) -> None:
        """The session leaves the mailbox."""
        self.snapshot.close()
        self.live.idle.discard(self.talk.bell)
        self.account.mailboxes.leave(self.live, self)

    def uids(self, numbers: SequenceSet, *, uid: bool) -> array[int]:
        """The messages that a command names, ascending; those that are gone are left out. Raises `Bad`."""
        if numbers.saved:
            saved = self.saved or array("I")
            return array("I", [number for number in saved if self.view.position(number) >= 0])
        if uid:
            return self.snapshot.uids_in(numbers)
        self.numbered = True
        try:
            return self.snapshot.uids_of(numbers)
        except IndexError:
            if self.announce():
                return self.uids(numbers, uid=False)
            raise Bad("No message has this number") from None

    def announce(self) -> bool:
        """Tell of new messages by themselves, before the expunges that may wait; whether there are any."""
        snapshot = self.snapshot
        if not snapshot.grow():
            return False
        self.talk.out.write(self.counts())
        return True

    def counts(self) -> bytes:
        """``EXISTS``, and ``RECENT`` for those who know it."""
        if self.account.dialect.rev2:
            return b"* %d EXISTS\r\n" % self.snapshot.exists
        return b"* %d EXISTS\r\n* %d RECENT\r\n" % (self.snapshot.exists, self.snapshot.recent)

    @property
    def marks_seen(self) -> bool:
        """Whether reading a message sets \\Seen (RFC 4314 section 4)."""
        return self._may_write and "s" in self.rights

    def must_write(self) -> None:
        """Raise `No` where the mailbox was opened by EXAMINE."""
        if not self.writable:
            raise No("The mailbox is selected read-only", "READ-ONLY")

    def must_hold(self, right: str) -> None:
        """Raise `No` where the user lacks a right."""
        if right not in self.rights:
            raise No("Permission denied", "NOPERM")

    async def call(self, op: Op[Q, R], request: Q) -> R:
        """As `AccountContext.call`."""
        return await self.account.call(op, request)

    async def call_patiently(self, op: Op[Q, R], request: Q, done: int, goal: int) -> R:
        """As `AccountContext.call_patiently`."""
        return await self.account.call_patiently(op, request, done, goal)

    async def absorb(self, change: Change) -> None:
        """Take the change that a reply brought into the view."""
        await self.account.mailboxes.absorb(self.live, self.grant, change)
