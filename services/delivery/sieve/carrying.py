"""From what scripts decided to what storage is asked to do, all of it in one transaction. Pure.

Loops: a letter sent on carries a Delivered-To of the account that sent it on; where that account meets it again, or
after too many of these, it is kept instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.delivery.local import keep
from services.delivery.sieve import answering, notifying, refusing
from services.delivery.sieve.answering import Stamp
from services.delivery.sieve.running import Ran, Scene
from shared.contracts.messages import Changed, Effects, Mailing, Memory, Note, Target, Where
from shared.contracts.spool import Due, Letter, Recipient
from shared.mail.address import AddressError, canonical
from shared.mail.received import delivered_to
from shared.sieve.message import Message
from shared.sieve.outcome import Action, Content, FileInto, Keep, Notify, Redirect, Reject, Vacation

NEVER = ("NEVER",)

Write = Callable[[bytes], Changed]  # a letter of ours in the form in which it is handed in


class Job(NamedTuple):
    """One account that a due recipient ends in; ``prefix`` is what its copies begin with."""

    letter: Letter
    due: Due
    account: int
    user: str
    prefix: bytes


@dataclass
class Bundle:
    """What one due recipient comes to: of all its accounts together."""

    targets: list[Target] = field(default_factory=list)
    mailings: list[Mailing] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def effects(self) -> Effects:
        return Effects(tuple(self.mailings), tuple(self.memories), tuple(self.notes), ", ".join(self.told))


class Carrier:
    """Carries out one run for one account; what it comes to joins ``bundle``."""

    def __init__(
        self,
        bundle: Bundle,
        job: Job,
        scene: Scene,
        changed: Mapping[Content, Changed],
        *,
        redirects: int,
        hops: int,
        new_id: Callable[[], str],
        write: Write,
    ) -> None:
        self._bundle = bundle
        self._job = job
        self._scene = scene
        self._changed = changed
        self._redirects = redirects
        self._hops = hops
        self._new_id = new_id
        self._write = write
        self._message = Message(scene.shown.octets, parts=scene.shown.parts)

    def carry(self, ran: Ran, fresh: Callable[[str], bool]) -> None:
        """All actions of a run. ``fresh`` tells of a memory's key whether the run found it unknown."""
        bundle, account = self._bundle, self._job.account
        if ran.error:
            self._note(f"{ran.error}; the letter was kept")
            bundle.told.append("kept: error in script")
        for action in ran.actions:
            self._act(action)
        bundle.memories += [Memory(account, one.key, one.seconds, fresh(one.key)) for one in ran.memories]
        if not ran.actions:
            bundle.told.append("discarded")

    def _act(self, action: Action) -> None:
        if isinstance(action, Keep):
            self._bundle.targets.append(self._inbox(action.flags, action.content))
        elif isinstance(action, FileInto):
            self._bundle.targets.append(self._target(action, self._content(action.content), self._job.prefix))
        elif isinstance(action, Redirect):
            self._redirect(action)
        elif isinstance(action, Reject):
            self._reject(action)
        elif isinstance(action, Vacation):
            self._answer(action)
        elif isinstance(action, Notify):
            self._notify(action)

    def _inbox(self, flags: tuple[str, ...] | None = None, content: Content | None = None) -> Target:
        job = self._job
        kept = keep(job.account, job.prefix, junk=job.letter.junk)
        return kept._replace(flags=flags or (), changed=self._content(content))

    def _content(self, content: Content | None) -> Changed | None:
        return None if content is None else self._changed.get(content)

    def _target(self, into: FileInto, changed: Changed | None, prefix: bytes) -> Target:
        where = Where(into.mailbox_id, into.special_use) if into.mailbox_id or into.special_use else None
        return Target(self._job.account, into.mailbox, prefix, into.flags or (), into.create, where, changed)

    def _copies(self, into: FileInto | None, letter: Changed) -> tuple[Target, ...]:
        return () if into is None else (self._target(into, letter, b""),)

    # --- letters of our own ---

    def _redirect(self, action: Redirect) -> None:
        problem = self._loop(action.address)
        if problem:
            self._note(f"not sent on to {action.address}: {problem}; the letter was kept")
            self._bundle.targets.append(self._inbox(content=action.content))
            return
        self._redirects -= 1
        notify = tuple([word.strip() for word in action.notify.split(",") if word.strip()])
        prefix = delivered_to(self._job.user)
        recipients = (Recipient(action.address, notify=notify),)
        changed = self._content(action.content)
        self._bundle.mailings.append(
            Mailing(
                self._new_id(),
                self._sender(action),
                recipients,
                prefix,
                changed,
                ret=action.ret,
                deliver_by=action.deliver_by,
                by_mode=action.by_mode,
            )
        )
        self._bundle.told.append(f"sent on to {action.address}")

    def _sender(self, action: Redirect) -> str:
        """Whom reports go to: to the user where the script asked for them (RFC 6009 sections 6.1 and 7.1)."""
        sender = self._job.letter.sender
        return self._job.user if sender and (action.notify or action.ret or action.by_mode) else sender

    def _loop(self, address: str) -> str:
        """Why the letter may not be sent on, "" when it may."""
        passed = self._message.values("delivered-to")
        if _same(address, self._job.user):
            return "that is the user"
        if any(_same(one, self._job.user) for one in passed):
            return "it came back"
        if len(passed) >= self._hops:
            return f"it was sent on {len(passed)} times before"
        if self._redirects <= 0:
            return "too many at once"
        return ""

    def _reject(self, action: Reject) -> None:
        job = self._job
        sender = job.letter.sender
        problem = answering.machine(self._message, sender)
        if problem is None and "NEVER" in job.due.notify:
            problem = "the sender wants none"
        if problem is not None:
            self._note(f"refused without a report: {problem}")
            self._bundle.told.append("refused")
            return
        stamp = self._stamp()
        octets = refusing.report(action, self._message, sender, job.due.address, job.due.original, stamp)
        self._bundle.mailings.append(self._mailing(stamp, (sender,), self._write(octets)))
        self._bundle.told.append("refused")

    def _answer(self, action: Vacation) -> None:
        job = self._job
        sender = job.letter.sender
        message = self._seen(action.content)
        if answering.refusal(message, sender, (job.user, job.due.address, *action.addresses)):
            return
        stamp = self._stamp()
        letter = self._write(answering.answer(action, message, sender, job.user, stamp))
        key = answering.memory_key(action.handle, sender)
        once = Memory(job.account, key, action.seconds) if action.seconds else None
        copies = self._copies(action.fcc, letter)
        self._bundle.mailings.append(self._mailing(stamp, (sender,), letter, once, copies))
        self._bundle.told.append("answered unless known")

    def _notify(self, action: Notify) -> None:
        message = self._seen(action.content)
        if not notifying.is_answered_to(message):
            return
        stamp = self._stamp()
        recipients, octets = notifying.notification(action, message, self._job.user, stamp)
        letter = self._write(octets)
        mailing = self._mailing(stamp, recipients, letter, copies=self._copies(action.fcc, letter))
        # A bounce goes to the user, unless the letter is one itself (RFC 5436 section 2.7).
        self._bundle.mailings.append(mailing._replace(sender=self._job.user if self._job.letter.sender else ""))
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
        return Stamp(self._new_id(), self._scene.host, self._scene.now)

    def _note(self, text: str) -> None:
        self._bundle.notes.append(Note(self._job.account, text))


def _same(one: str, other: str) -> bool:
    try:
        return canonical(one.strip()) == canonical(other)
    except AddressError:
        return one.strip().lower() == other.lower()
