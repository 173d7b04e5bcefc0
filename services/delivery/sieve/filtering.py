"""Scripts between claim and filing: what a recipient's scripts decide takes the place of INBOX in its filing.

Invariants
1. A recipient without a script, in an installation without scripts of its own, passes untouched: nothing is asked.
2. All that a script does is part of one filing; nothing happens here that would have to be undone.
3. A letter that cannot be read is not filed: its claim was lost, or storage has trouble.
4. Runs of one recipient together cost about twice the limit of one at most, however often they are repeated.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from services.delivery.local import copy_prefix
from services.delivery.routing import Task, Trouble
from services.delivery.sieve import reading
from services.delivery.sieve.carrying import Bundle, Carrier, Job
from services.delivery.sieve.config import SieveSettings
from services.delivery.sieve.programs import Programs
from services.delivery.sieve.running import Judged, Program, Ran, Scene, run_all, whole
from shared.base.ids import new_ulid
from shared.bus.client import Bus
from shared.contracts import blobs
from shared.contracts.blobs import INLINE, Body
from shared.contracts.messages import Changed
from shared.contracts.sieve import SpooledLetter
from shared.contracts.spool import Fenced
from shared.mail.received import return_path
from shared.mail.summary import summarise
from shared.net.bulk import BulkSender
from shared.observe import metrics
from shared.sieve.message import Envelope
from shared.sieve.outcome import Content, FileInto, Keep, Question, Redirect, Reject
from shared.sieve.script import Script

R = TypeVar("R")
Insist = Callable[[Callable[[], Awaitable[R]]], Awaitable[R]]

UNREADABLE = Trouble("4.3.0", "the letter could not be read for its Sieve script")
ROUNDS = 8  # of one run whose questions lead to other questions
SECONDS = 2.0  # of all rounds together

_RUNS = {result: metrics.sieve_runs_total(result) for result in ("ok", "error")}


@dataclass
class _Play:
    """One account's part in one task, from its scripts to what they decided."""

    job: Job
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


class Filtering:
    """Runs scripts. ``host`` is what this installation calls itself, ``wall_clock`` gives Unix seconds."""

    def __init__(self, bus: Bus, settings: SieveSettings, host: str, wall_clock: Callable[[], float]) -> None:
        self._bus = bus
        self._settings = settings
        self._host = host
        self._wall_clock = wall_clock
        self._judged = Judged(settings.spam_header, settings.spam_full, settings.virus_header)
        self._programs = Programs(bus, settings)
        self._is_general = bool(self._programs.before or self._programs.after)

    def concerns(self, task: Task) -> bool:
        """Whether scripts have a say in this task."""
        if task.filing is None or not task.due.resolution.accounts:
            return False
        return self._is_general or bool(task.due.resolution.scripts)

    async def apply(self, tasks: Sequence[Task]) -> list[Task]:
        """``tasks``, those that scripts concern with what these decided. Raises `Refused` and `Unavailable`."""
        concerned = [task for task in tasks if self.concerns(task)]
        plays = await self._plays(concerned)
        wanted = {task.letter.id: Fenced(task.letter.id, task.letter.fence) for task in concerned}
        bodies = {
            task.letter.id for task, some in zip(concerned, plays, strict=True) if any(p.needs_body for p in some)
        }
        of_letter: dict[str, list[tuple[Task, list[_Play]]]] = {}
        for task, some in zip(concerned, plays, strict=True):
            of_letter.setdefault(task.letter.id, []).append((task, some))
        decided: dict[tuple[str, int], Task] = {}
        async for shown in reading.letters(self._bus, list(wanted.values()), bodies, self._settings.largest):
            for task, some in of_letter[shown.letter]:
                decided[shown.letter, task.due.number] = await self._decide(task, some, shown)
        return [self._settled(task, decided) for task in tasks]

    async def refusals(self, task: Task, shown: SpooledLetter) -> list[Reject | None]:
        """For each account of a task, whether its scripts refuse the letter; nothing is carried out."""
        ((*plays,),) = await self._plays([task])
        for play in plays:
            await self._run(play, self._scene(task, play, shown))
        return [next((one for one in play.ran.actions if isinstance(one, Reject)), None) for play in plays]

    def _settled(self, task: Task, decided: Mapping[tuple[str, int], Task]) -> Task:
        if not self.concerns(task):
            return task
        lost = task._replace(filing=None, trouble=UNREADABLE)
        return decided.get((task.letter.id, task.due.number), lost)

    async def _plays(self, tasks: Sequence[Task]) -> list[list[_Play]]:
        """The accounts of each task with their scripts."""
        wanted: dict[int, str] = {}
        for task in tasks:
            resolution = task.due.resolution
            scripts = zip(resolution.accounts, resolution.scripts, strict=False)
            wanted.update({account: digest for account, digest in scripts if digest})
        own = await self._programs.find(wanted) if wanted else {}
        return [
            [self._play(task, place, own) for place in range(len(task.due.resolution.accounts))] for task in tasks
        ]

    def _play(self, task: Task, place: int, own: Mapping[int, Program]) -> _Play:
        resolution = task.due.resolution
        account, user = resolution.accounts[place], resolution.addresses[place]
        prefix = copy_prefix(return_path(task.letter.sender), user)
        mine = (own[account],) if account in own else ()
        programs = (*self._programs.before, *mine, *self._programs.after)
        return _Play(Job(task.letter, task.due, account, user, prefix), programs)

    async def _decide(self, task: Task, plays: Sequence[_Play], shown: SpooledLetter) -> Task:
        """The task with what its accounts' scripts decided."""
        bundle = Bundle()
        for play in plays:
            scene = self._scene(task, play, shown)
            await self._run(play, scene)
            changed = await self._changes(play, shown)
            carrier = Carrier(
                bundle,
                play.job,
                scene,
                changed,
                redirects=self._settings.redirects,
                hops=self._settings.hops,
                new_id=new_ulid,
                write=_inline,
            )
            carrier.carry(play.ran, play.is_fresh)
        assert task.filing is not None
        return task._replace(filing=task.filing._replace(targets=tuple(bundle.targets), effects=bundle.effects))

    def _scene(self, task: Task, play: _Play, shown: SpooledLetter) -> Scene:
        now, envelope = self._wall_clock(), _envelope(task, shown)
        return Scene(shown, envelope, play.job.user, self._host, now, time.monotonic, self._judged)

    async def _run(self, play: _Play, scene: Scene) -> None:
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
            account = play.job.account
            found = await reading.answers(self._bus, self._programs, {account: play.ran.unknown})
            play.facts.update(found[account])
        _RUNS["error" if play.ran.error else "ok"].inc()

    async def _changes(self, play: _Play, shown: SpooledLetter) -> dict[Content, Changed]:
        """What the script changed, ready to be filed. A letter that we have seen in part stays as it was."""
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
            return _inline(octets)
        ticket = await self._bus.call(blobs.upload, blobs.UploadRequest(len(octets)))
        async with BulkSender(ticket.url) as sender:
            await sender.send(octets)
            await sender.finish()
        return Changed(Body(b"", ticket.upload), summarise(octets))


def _inline(octets: bytes) -> Changed:
    return Changed(Body(octets), summarise(octets))


def _envelope(task: Task, shown: SpooledLetter) -> Envelope:
    due = task.due
    return Envelope(
        task.letter.sender,
        due.address,
        shown.submitter,
        ",".join(due.notify),
        shown.ret,
        due.original,
        shown.envelope_id,
        task.letter.deliver_by,
        task.letter.by_mode,
    )
