"""Scripts that run on what clients do by IMAP (RFC 6785): events are claimed, run and settled here.

Invariants
1. All that a script does is part of one verdict, which storage carries out in one transaction under the fence of our
   claim; nothing happens here that would have to be undone.
2. An event without a verdict comes back when its lease lapses; storage gives it up after some claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import trio

from services.delivery.claims import Found
from services.delivery.filing import OCTETS, weight
from services.delivery.house import House
from services.delivery.sieve import reading
from services.delivery.sieve.carrying import Means
from services.delivery.sieve.event_carrying import EventCarrier
from services.delivery.sieve.playing import Play, Player
from services.delivery.sieve.running import Program, Scene
from shared.contracts import imap_events
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.imap_events import Claim, Happened, Settle, Verdict
from shared.contracts.sieve import SpooledLetter
from shared.observe import metrics
from shared.sieve.extensions.imapsieve import ImapEvent
from shared.sieve.message import Envelope

NOBODY = Envelope("", "")  # there is no envelope where nothing is delivered
CLASHES = 3  # times that a script runs again since another was faster
PAUSE = 0.5  # seconds before storage is asked again
SHARE = 0.25  # of a lease, after which what is decided is settled, and how long storage is waited for

_PANICS = metrics.panics_total("delivery")


class Watched(NamedTuple):
    """An event and its script."""

    event: Happened
    program: Program


class EventServer:
    """Claims events and serves them."""

    def __init__(self, house: House, player: Player) -> None:
        settings = house.settings.sieve
        self._bus = house.bus
        self._log = house.log
        self._request = Claim(house.settings.batch, house.settings.lease)
        self._largest = settings.largest
        self._means = Means(settings.redirects, settings.hops)
        self._player = player

    async def claim(self) -> Found[Watched]:
        """Some events with their scripts. Raises `Refused` and `Unavailable`."""
        claimed = await self._bus.call(imap_events.claim, self._request)
        texts = dict(claimed.scripts)
        named = self._player.programs.named
        watched = [Watched(event, named(event.script, texts[event.hash])) for event in claimed.events]
        return Found(watched, claimed.next_due, claimed.more)

    async def work(self, watched: Sequence[Watched], claimed: float) -> None:
        """Serve them in order. Raises nothing."""
        began, verdicts, octets = trio.current_time(), list[Verdict](), 0
        tried: dict[int, int] = {}
        left = list(reversed(watched))
        by_id = {each.event.id: each for each in watched}
        try:
            while left or verdicts:
                if left and octets < OCTETS and trio.current_time() - began < SHARE * self._request.lease:
                    verdict = await self._decided(left.pop())
                    if verdict is not None:
                        verdicts.append(verdict)
                        octets += weight(verdict.copies, verdict.effects)
                    continue
                for event in await self._settled(verdicts):
                    tried[event] = tried.get(event, 0) + 1
                    if tried[event] <= CLASHES:
                        left.append(by_id[event])
                began, verdicts, octets = trio.current_time(), [], 0
        except (Refused, Unavailable) as error:
            self._log.warning("delivery.events_abandoned", events=len(left) + len(verdicts), reason=str(error))

    async def _decided(self, watched: Watched) -> Verdict | None:
        """What becomes of one event; None where something in here is wrong, and nobody knows."""
        try:
            return await self._decide(watched)
        except (Refused, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001 - the one catch point of this room
            _PANICS.inc()
            self._log.error("delivery.bug", imap_event=watched.event.id, exc_info=error)
            return None

    async def _decide(self, watched: Watched) -> Verdict:
        event, program = watched
        play = Play(event.account, (program,))
        shown = await reading.completed(event.shown, self._largest) if play.needs_body else event.shown
        scene = self._scene(event, shown)
        await self._player.run(play, scene)
        carrier = EventCarrier(event, scene, await self._player.changes(play, shown), self._means)
        carrier.carry(play.ran, play.is_fresh)
        verdict = carrier.verdict(play.ran)
        self._log.info(
            "delivery.imap_event",
            to=event.owner,
            mailbox=event.mailbox,
            cause=event.cause.value,
            by=event.user,
            script=event.script,
            copies=len(verdict.copies),
            letters=len(verdict.effects.mailings) if verdict.effects else 0,
            deleted=verdict.deletes,
            error=play.ran.error,
        )
        return verdict

    def _scene(self, event: Happened, shown: SpooledLetter) -> Scene:
        cause = ImapEvent(event.user, event.user, event.cause.value, event.mailbox, event.changed)
        return self._player.scene(shown, NOBODY, event.owner)._replace(event=cause, flags=event.flags)

    async def _settled(self, verdicts: Sequence[Verdict]) -> list[int]:
        """Hand verdicts in; the events whose script must run again. Waits a while for storage."""
        until = trio.current_time() + SHARE * self._request.lease
        while True:
            try:
                settled = await self._bus.call(imap_events.settle, Settle(tuple(verdicts)))
                break
            except (Refused, Unavailable) as error:
                if trio.current_time() > until or (isinstance(error, Refused) and error.code is not Code.UNAVAILABLE):
                    raise
            await trio.sleep(PAUSE)
        pairs = zip(verdicts, settled.errors, strict=True)
        return [verdict.event for verdict, error in pairs if error == Code.CONFLICT.value]
