"""What a letter's scripts decided: its copies, and the letters that answer it. Pure.

Loops: a letter sent on carries a Delivered-To of the account that sent it on; where that account meets it again, or
after too many of these, it is kept instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.delivery.local import keep
from services.delivery.sieve import answering, refusing
from services.delivery.sieve.carrying import Bundle, Carrier, Means, Owner, same
from services.delivery.sieve.running import Scene
from shared.contracts.messages import Changed, Memory
from shared.contracts.spool import Due, Letter
from shared.sieve.outcome import Action, Content, Keep, Redirect, Reject, Vacation


class Job(NamedTuple):
    """One account that a due recipient ends in; ``prefix`` is what its copies begin with."""

    letter: Letter
    due: Due
    account: int
    user: str
    prefix: bytes


class LetterCarrier(Carrier):
    """Carries out what scripts make of one letter, for one account."""

    kept = "the letter was kept"

    def __init__(
        self, bundle: Bundle, job: Job, scene: Scene, changed: Mapping[Content, Changed], means: Means
    ) -> None:
        super().__init__(bundle, Owner(job.account, job.user, job.prefix), scene, changed, means)
        self._job = job

    def _act(self, action: Action) -> None:
        if isinstance(action, Reject):
            self._reject(action)
        elif isinstance(action, Vacation):
            self._answer(action)
        else:
            super()._act(action)

    def _keep(self, action: Keep) -> None:
        job = self._job
        kept = keep(job.account, job.prefix, junk=job.letter.junk)
        target = kept._replace(flags=action.flags or (), changed=self._content(action.content))
        self._bundle.targets.append(target)

    def _sender(self, action: Redirect) -> str:
        """The letter's own, or the user where the script asked for reports (RFC 6009 sections 6.1 and 7.1)."""
        sender = self._job.letter.sender
        return self._job.user if sender and (action.notify or action.ret or action.by_mode) else sender

    def _came_back(self) -> bool:
        return any(same(one, self._job.user) for one in self._message.values("delivered-to"))

    @property
    def _is_bounce(self) -> bool:
        return not self._job.letter.sender

    def _reject(self, action: Reject) -> None:
        job = self._job
        sender = job.letter.sender
        problem = answering.machine(self._message, sender)
        if problem is None and "NEVER" in job.due.notify:
            problem = "the sender wants none"
        self._bundle.told.append("refused")
        if problem is not None:
            self._note(f"refused without a report: {problem}")
            return
        stamp = self._stamp()
        octets = refusing.report(action, self._message, sender, job.due.address, job.due.original, stamp)
        self._bundle.mailings.append(self._mailing(stamp, (sender,), self._means.write(octets)))

    def _answer(self, action: Vacation) -> None:
        job = self._job
        sender = job.letter.sender
        message = self._seen(action.content)
        if answering.refusal(message, sender, (job.user, job.due.address, *action.addresses)):
            return
        stamp = self._stamp()
        letter = self._means.write(answering.answer(action, message, sender, job.user, stamp))
        key = answering.memory_key(action.handle, sender)
        once = Memory(job.account, key, action.seconds) if action.seconds else None
        copies = self._copies(action.fcc, letter)
        self._bundle.mailings.append(self._mailing(stamp, (sender,), letter, once, copies))
        self._bundle.told.append("answered unless known")
