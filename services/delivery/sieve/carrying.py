"""From what scripts decided to what storage is asked to do, all of it in one transaction. Pure.

Here is what a letter on its way in and a message that a client changed have in common; what differs stands in
`letter_carrying` and `event_carrying`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from services.delivery.sieve import notifying
from services.delivery.sieve.answering import Stamp, is_automatic
from services.delivery.sieve.playing import inline
from services.delivery.sieve.running import Ran, Scene
from shared.base.ids import new_ulid
from shared.contracts.messages import Changed, Effects, Mailing, Memory, Note, Target, Where
from shared.contracts.spool import Recipient
from shared.mail.address import AddressError, canonical
from shared.mail.received import delivered_to
from shared.sieve.message import Message
from shared.sieve.outcome import Action, Content, FileInto, Keep, Notify, Redirect

NEVER = ("NEVER",)


@dataclass
class Bundle:
    """What one due recipient, or one event, comes to: of all its accounts together."""

    targets: list[Target] = field(default_factory=list)
    mailings: list[Mailing] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        return Effects(tuple(self.mailings), tuple(self.memories), tuple(self.notes), ", ".join(self.told))


@dataclass(frozen=True)
class Means:
    """``redirects`` of one message by one account, and ``hops`` after which nothing is sent on. ``write`` brings a
    letter of ours into the form in which it is handed in."""

    redirects: int
    hops: int
    new_id: Callable[[], str] = new_ulid
    write: Callable[[bytes], Changed] = inline


@dataclass(frozen=True)
class Owner:
    """Whose script it is; ``prefix`` is what this account's copies begin with."""

    account: int
    user: str
    prefix: bytes = b""


class Carrier(ABC):
    """Carries out one run for one account; what it comes to joins ``bundle``."""

    def __init__(
        self, bundle: Bundle, owner: Owner, scene: Scene, changed: Mapping[Content, Changed], means: Means
    ) -> None:
        self._bundle = bundle
        self._owner = owner
        self._scene = scene
        self._changed = changed
        self._means = means
        self._redirects = means.redirects
        self._message = Message(scene.shown.octets, parts=scene.shown.parts)

    def carry(self, ran: Ran, fresh: Callable[[str], bool]) -> None:
        """All actions of a run. ``fresh`` tells of a memory's key whether the run found it unknown."""
        bundle, account = self._bundle, self._owner.account
        if ran.error:
            self._note(f"{ran.error}; {self.kept}")
            bundle.told.append("kept: error in script")
        for action in ran.actions:
            self._act(action)
        bundle.memories += [Memory(account, one.key, one.seconds, fresh(one.key)) for one in ran.memories]
        if not ran.actions:
            bundle.told.append("discarded")

    def _act(self, action: Action) -> None:
        if isinstance(action, Keep):
            self._keep(action)
        elif isinstance(action, FileInto):
            self._bundle.targets.append(self._target(action, self._content(action.content), self._owner.prefix))
        elif isinstance(action, Redirect):
            self._redirect(action)
        elif isinstance(action, Notify):
            self._notify(action)

    # --- what differs ---

    kept = ""  # how the log says that nothing was done

    @abstractmethod
    def _keep(self, action: Keep) -> None: ...

    @abstractmethod
    def _sender(self, action: Redirect) -> str:
        """Whom reports on a letter that is sent on go to."""

    @abstractmethod
    def _came_back(self) -> bool:
        """Whether the message was sent on by this account before."""

    def _front(self) -> bytes:
        """What stands in front of a letter that is sent on."""
        return delivered_to(self._owner.user)

    @property
    def _is_bounce(self) -> bool:
        """Whether no bounce may come of what is made of it."""
        return False

    # --- what does not ---

    def _content(self, content: Content | None) -> Changed | None:
        return None if content is None else self._changed.get(content)

    def _target(self, into: FileInto, changed: Changed | None, prefix: bytes) -> Target:
        where = Where(into.mailbox_id, into.special_use) if into.mailbox_id or into.special_use else None
        return Target(self._owner.account, into.mailbox, prefix, into.flags or (), into.create, where, changed)

    def _copies(self, into: FileInto | None, letter: Changed) -> tuple[Target, ...]:
        return () if into is None else (self._target(into, letter, b""),)

    def _redirect(self, action: Redirect) -> None:
        problem = self._loop(action.address)
        if problem:
            self._note(f"not sent on to {action.address}: {problem}; {self.kept}")
            self._keep(Keep(content=action.content))
            return
        self._redirects -= 1
        notify = tuple([word.strip() for word in action.notify.split(",") if word.strip()])
        recipients = (Recipient(action.address, notify=notify),)
        mailing = Mailing(
            self._means.new_id(),
            self._sender(action),
            recipients,
            self._front(),
            self._content(action.content),
            ret=action.ret,
            deliver_by=action.deliver_by,
            by_mode=action.by_mode,
        )
        self._bundle.mailings.append(mailing)
        self._bundle.told.append(f"sent on to {action.address}")

    def _loop(self, address: str) -> str:
        """Why the message may not be sent on, "" when it may."""
        passed = self._message.values("delivered-to")
        if same(address, self._owner.user):
            return "that is the user"
        if self._came_back():
            return "it came back"
        if len(passed) >= self._means.hops:
            return f"it was sent on {len(passed)} times before"
        if self._redirects <= 0:
            return "too many at once"
        return ""

    def _notify(self, action: Notify) -> None:
        message = self._seen(action.content)
        if is_automatic(message):  # RFC 5436 section 2.7.1
            return
        stamp = self._stamp()
        recipients, octets = notifying.notification(action, message, self._owner.user, stamp)
        letter = self._means.write(octets)
        mailing = self._mailing(stamp, recipients, letter, copies=self._copies(action.fcc, letter))
        # A bounce goes to the user, unless the letter is one itself (RFC 5436 section 2.7).
        self._bundle.mailings.append(mailing._replace(sender="" if self._is_bounce else self._owner.user))
        self._bundle.told.append("notified")

    def _seen(self, content: Content | None) -> Message:
        """The message as the script saw it when it decided."""
        return self._message if content is None else Message(content.header)

    def _mailing(
        self,
        stamp: Stamp,
        recipients: tuple[str, ...],
        letter: Changed,
        once: Memory | None = None,
        copies: tuple[Target, ...] = (),
    ) -> Mailing:
        named = tuple([Recipient(address, notify=NEVER) for address in recipients])
        return Mailing(stamp.id, "", named, b"", letter, once, copies)

    def _stamp(self) -> Stamp:
        return Stamp(self._means.new_id(), self._scene.host, self._scene.now)

    def _note(self, text: str) -> None:
        self._bundle.notes.append(Note(self._owner.account, text))


def same(one: str, other: str) -> bool:
    """Whether two addresses are one."""
    try:
        return canonical(one.strip()) == canonical(other)
    except AddressError:
        return one.strip().lower() == other.lower()
