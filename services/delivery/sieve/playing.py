"""Runs of scripts, repeated until they know all that they ask, and what they changed of the message.

Invariant: runs of one play together cost about twice the limit of one at most, however often they are repeated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import trio

from services.delivery.house import House
from services.delivery.sieve import reading
from services.delivery.sieve.programs import Programs
from services.delivery.sieve.running import Judged, Program, Ran, Scene, run_all, whole
from shared.contracts import blobs
from shared.contracts.blobs import INLINE, Body
from shared.contracts.messages import Changed
from shared.contracts.sieve import SpooledLetter
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender
from shared.observe import metrics
from shared.sieve.message import Envelope
from shared.sieve.outcome import Content, FileInto, Keep, Question, Redirect
from shared.sieve.script import Script

ROUNDS = 8  # of one run whose questions lead to other questions
SECONDS = 2.0  # of all rounds together

_RUNS = {result: metrics.sieve_runs_total(result) for result in ("ok", "error")}


@dataclass
class Play:
    """One account's scripts and one message, from what is to be run to what came of it."""

    account: int
    programs: Sequence[Program]
    facts: dict[Question, str | None] = field(default_factory=dict)
    ran: Ran = field(default_factory=Ran)
    spent: float = 0.0
    rounds: int = 0

    def is_fresh(self, key: str) -> bool:
        """Whether the runs found a memory's key unknown."""
        return self.facts.get(Question("seen", (key,))) is None

    @property
    def needs_body(self) -> bool:
        return any(isinstance(each.script, Script) and each.script.needs_body for each in self.programs)


class Player:
    """Plays on this process's programs."""

    def __init__(self, house: House, programs: Programs) -> None:
        settings = house.settings.sieve
        self.programs = programs
        self._bus = house.bus
        self._host = house.hostname
        self._wall_clock = house.wall_clock
        self._judged = Judged(settings.spam_header, settings.spam_full, settings.virus_header)

    def scene(self, shown: SpooledLetter, envelope: Envelope, user: str) -> Scene:
        """What a run is about, here and now."""
        return Scene(shown, envelope, user, self._host, self._wall_clock(), time.monotonic, self._judged)

    async def run(self, play: Play, scene: Scene) -> None:
        """Run until nothing is unknown any more; leave the loop to others in between."""
        while True:
            await trio.lowlevel.checkpoint()
            began = time.monotonic()
            play.ran = run_all(play.programs, scene, play.facts)
            play.spent += time.monotonic() - began
            play.rounds += 1
            if not play.ran.unknown:
                break
            if play.rounds == ROUNDS or play.spent > SECONDS:
                play.ran = Ran((Keep(implicit=True),), error="the scripts ask too much")
                break
            found = await reading.answers(self._bus, self.programs, {play.account: play.ran.unknown})
            play.facts.update(found[play.account])
        _RUNS["error" if play.ran.error else "ok"].inc()

    async def changes(self, play: Play, shown: SpooledLetter) -> dict[Content, Changed]:
        """What the scripts changed, ready to be filed. A message that we have seen in part stays as it was."""
        contents = {
            action.content
            for action in play.ran.actions
            if isinstance(action, Keep | FileInto | Redirect) and action.content is not None
        }
        if not contents or len(shown.octets) < shown.size:
            return {}
        return {content: await self._hand_in(whole(content, shown.octets)) for content in contents}

    async def _hand_in(self, octets: bytes) -> Changed:
        if len(octets) <= INLINE:
            return inline(octets)
        ticket = await self._bus.call(blobs.upload, blobs.UploadRequest(len(octets)))
        async with BulkSender(ticket.url) as sender:
            await sender.send(octets)
            await sender.finish()
        return Changed(Body(b"", ticket.upload), summarise(octets))


def inline(octets: bytes) -> Changed:
    """A small message as it is handed in."""
    return Changed(Body(octets), summarise(octets))
