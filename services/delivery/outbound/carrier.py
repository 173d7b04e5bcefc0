"""One parcel through one session, and its verdict on the way to the spool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import NamedTuple, TypeVar

import trio

from services.delivery.content import Content, Contents
from services.delivery.fate import Fate
from services.delivery.journal import Journal, Times
from services.delivery.outbound import judgement
from services.delivery.outbound.fitting import Fit, fit
from services.delivery.outbound.parcel import Consignment, Parcel
from services.delivery.outbound.session import Broken, Session
from services.delivery.outbound.settling import Settler, Waiting
from services.delivery.outbound.trouble import Undeliverable
from services.delivery.reports import Reporter
from services.delivery.schedule import Schedule
from services.delivery.sealing import Sealing
from shared.contracts.errors import Refused, Unavailable
from shared.contracts.spool import Settlement
from shared.protocols.smtp.client.envelope import Envelope, To
from shared.protocols.smtp.client.replies import ServerReply

R = TypeVar("R")

_CLOSING = 421

OUR_FAULT = Undeliverable("4.3.0", "local error while sending")
NO_BODY = Undeliverable("4.3.0", "storage did not give the message")


class Ready(NamedTuple):
    """A parcel, fit for one session."""

    parcel: Parcel
    content: Content
    envelope: Envelope


class Course(Enum):
    """What became of the connection, and of the parcel."""

    HELD = "held"
    BROKE = "broke"
    AGAIN = "again"  # the server had enough of us after earlier letters: this one wants a fresh connection


class Carrier:
    """``finished`` is called when a letter has no open parcel any more, and the spool knows."""

    def __init__(
        self,
        nursery: trio.Nursery,
        contents: Contents,
        sealing: Sealing,
        settler: Settler,
        reporter: Reporter,
        schedule: Schedule,
        journal: Journal,
        *,
        wall_clock: Callable[[], float],
        is_lost: Callable[[str], bool],
        finished: Callable[[Consignment], None],
    ) -> None:
        self._nursery = nursery
        self._contents = contents
        self._sealing = sealing
        self._settler = settler
        self._reporter = reporter
        self._schedule = schedule
        self._journal = journal
        self._wall_clock = wall_clock
        self._is_lost = is_lost
        self._finished = finished

    async def guard(self, parcel: Parcel, work: Awaitable[R]) -> R | None:
        """The result of ``work``; a bug of ours in it defers the parcel and ends there. Raises `Undeliverable`."""
        try:
            return await work
        except Undeliverable:
            raise
        except Exception as error:  # noqa: BLE001 - the one catch point of a worker
            self._journal.bug([parcel.consignment.letter.id], error)
            self.fail(parcel, OUR_FAULT)
            return None

    async def ready(self, parcel: Parcel, session: Session) -> Ready | None:
        """What to send over ``session``; None where the verdict is there without that. Raises nothing of ours."""
        if self._is_lost(parcel.consignment.letter.id):
            self.let_go(parcel)
            return None
        try:
            return await self.guard(parcel, self._ready(parcel, session))
        except Undeliverable as error:
            self.fail(parcel, error)
            return None

    async def _ready(self, parcel: Parcel, session: Session) -> Ready:
        letter, now = parcel.consignment.letter, self._wall_clock()
        try:
            fitted = await fit(await self._contents.read(letter), session.extensions)
            content = await self._sealing.sealed(fitted.content, int(now))
        except (Refused, Unavailable) as error:
            raise NO_BODY from error
        return Ready(parcel, content, self._envelope(parcel, fitted._replace(content=content), now))

    async def deliver(
        self, ready: Ready, session: Session, connecting: float, ahead: Ready | None = None, *, last: bool = False
    ) -> Course:
        """Send one parcel and see its verdict off; raises nothing of ours.

        ``ahead`` goes next over the same connection, if that holds; or this is the ``last`` one, and the server may
        be told so.
        """
        began = self._wall_clock()
        following = None if ahead is None else ahead.envelope
        try:
            course = await self.guard(ready.parcel, self._send(ready, session, connecting, began, following, last))
        except Undeliverable as error:
            self.fail(ready.parcel, error)
            return Course.HELD
        if course is None:
            session.spoil()
        return course or Course.BROKE

    async def _send(
        self, ready: Ready, session: Session, connecting: float, began: float, ahead: Envelope | None, last: bool
    ) -> Course:
        parcel, content, envelope = ready
        letter = parcel.consignment.letter
        relay, course = str(session.server), Course.HELD
        try:
            replies: Sequence[ServerReply | None] = (await session.send(envelope, content, ahead, last=last)).replies
            broken = None
        except Broken as error:
            moment = "after the end of the message" if error.dot_sent else "in the transaction"
            broken = Undeliverable("4.4.2", f"connection lost {moment}: {error.reason}", relay=relay)
            if session.uses > 1 and not error.dot_sent and not any(error.decided):
                return Course.AGAIN
            replies, course = error.decided, Course.BROKE
        except Unavailable as error:
            raise NO_BODY from error
        if session.uses > 1 and all(reply is not None and reply.code == _CLOSING for reply in replies):
            return Course.AGAIN
        now = self._wall_clock()
        reports = "DSN" not in session.extensions
        untimed = letter.deliver_by > 0 and "DELIVERBY" not in session.extensions
        fates = [
            judgement.by_reply(letter, due, reply, relay, self._schedule, now, reports=reports, untimed=untimed)
            if reply is not None
            else judgement.by_trouble(letter, due, broken or OUR_FAULT, self._schedule, now)
            for due, reply in zip(parcel.dues, replies, strict=True)
        ]
        times = Times(began - connecting - letter.accepted, connecting, now - began)
        await self._settle(parcel, fates, times, session.tls, content)
        return course

    def _envelope(self, parcel: Parcel, fitted: Fit, now: float) -> Envelope:
        letter, content = parcel.consignment.letter, fitted.content
        recipients = tuple([To(due.address, due.notify, due.original) for due in parcel.dues])
        return Envelope(
            parcel.sender,
            recipients,
            content.size,
            eight_bit=fitted.eight_bit,
            binary=fitted.binary,
            utf8=letter.smtputf8 and _needs_utf8(parcel, content),
            envelope_id=letter.envelope_id,
            ret=letter.ret,
            require_tls=letter.require_tls,
            priority=letter.priority or None,
            by=int(letter.deliver_by - now) if letter.deliver_by else None,
            by_mode=letter.by_mode,
        )

    # --- verdicts ---

    def fail(self, parcel: Parcel, trouble: Undeliverable) -> None:
        """The verdict on a parcel for which there was no session."""
        letter, now = parcel.consignment.letter, self._wall_clock()
        fates = judgement.all_by_trouble(parcel, trouble, self._schedule, now)
        times = Times(max(0.0, now - letter.accepted), 0.0, 0.0)
        self._nursery.start_soon(self._settle, parcel, fates, times, "", None)

    async def _settle(
        self, parcel: Parcel, fates: Sequence[Fate], times: Times, tls: str, content: Content | None
    ) -> None:
        letter = parcel.consignment.letter
        fates, reports = await self._reporter.told(letter, fates, content)
        outcomes = tuple([fate.outcome(warned=fate.due.number in reports.warned) for fate in fates])
        settlement = self._settlement(parcel)._replace(outcomes=outcomes, reports=reports.letters)

        def done(counts: bool) -> None:
            for fate in fates:
                self._journal.remote(letter, fate, times, tls, counts=counts)
            self._close(parcel)

        self._settler.add(Waiting(letter, settlement, done))

    def let_go(self, parcel: Parcel) -> None:
        """A parcel that was not tried goes back as it came."""
        settlement = self._settlement(parcel)
        self._settler.add(Waiting(parcel.consignment.letter, settlement, lambda counts: self._close(parcel)))

    def _settlement(self, parcel: Parcel) -> Settlement:
        """Without outcomes; the last one for a letter ends its lease."""
        consignment = parcel.consignment
        consignment.open -= 1
        letter = consignment.letter
        return Settlement(letter.id, letter.fence, (), far=True, keep=consignment.open > 0)

    def _close(self, parcel: Parcel) -> None:
        consignment = parcel.consignment
        consignment.unsettled -= 1
        if not consignment.unsettled:
            self._finished(consignment)


def _needs_utf8(parcel: Parcel, content: Content) -> bool:
    """Whether an address or a header field is not ASCII: else any server will do (RFC 6531 section 3.5)."""
    addresses = (parcel.sender, *[due.address for due in parcel.dues])
    return not all(address.isascii() for address in addresses) or not content.header.isascii()
