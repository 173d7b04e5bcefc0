"""Scripts between claim and filing: what a recipient's scripts decide takes the place of INBOX in its filing.

Invariants
1. A recipient without a script, in an installation without scripts of its own, passes untouched: nothing is asked.
2. All that a script does is part of one filing; nothing happens here that would have to be undone.
3. A letter that cannot be read is not filed: its claim was lost, or storage has trouble.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.delivery.house import House
from services.delivery.local import copy_prefix
from services.delivery.routing import Task, Trouble
from services.delivery.sieve import reading
from services.delivery.sieve.carrying import Bundle, Means
from services.delivery.sieve.letter_carrying import Job, LetterCarrier
from services.delivery.sieve.playing import Play, Player
from services.delivery.sieve.running import Program, Scene
from shared.contracts.sieve import SpooledLetter
from shared.contracts.spool import Fenced
from shared.mail.received import return_path
from shared.sieve.message import Envelope
from shared.sieve.outcome import Reject

UNREADABLE = Trouble("4.3.0", "the letter could not be read for its Sieve script")


class Part(NamedTuple):
    """One account's part in one task."""

    job: Job
    play: Play


class Filtering:
    """Runs users' scripts on letters."""

    def __init__(self, house: House, player: Player) -> None:
        settings = house.settings.sieve
        self._bus = house.bus
        self._largest = settings.largest
        self._means = Means(settings.redirects, settings.hops)
        self._player = player
        self._programs = player.programs
        self._is_general = bool(self._programs.before or self._programs.after)

    def concerns(self, task: Task) -> bool:
        """Whether scripts have a say in this task."""
        if task.filing is None or not task.due.resolution.accounts:
            return False
        return self._is_general or bool(task.due.resolution.scripts)

    async def apply(self, tasks: Sequence[Task]) -> list[Task]:
        """``tasks``, those that scripts concern with what these decided. Raises `Refused` and `Unavailable`."""
        concerned = [task for task in tasks if self.concerns(task)]
        parts = await self._parts(concerned)
        wanted = {task.letter.id: Fenced(task.letter.id, task.letter.fence) for task in concerned}
        bodies: set[str] = set()
        of_letter: dict[str, list[tuple[Task, list[Part]]]] = {}
        for task, some in zip(concerned, parts, strict=True):
            if any(part.play.needs_body for part in some):
                bodies.add(task.letter.id)
            of_letter.setdefault(task.letter.id, []).append((task, some))
        decided: dict[tuple[str, int], Task] = {}
        async for shown in reading.letters(self._bus, list(wanted.values()), bodies, self._largest):
            for task, some in of_letter[shown.letter]:
                decided[shown.letter, task.due.number] = await self._decide(task, some, shown)
        return [self._settled(task, decided) for task in tasks]

    async def refusals(self, task: Task, shown: SpooledLetter) -> list[Reject | None]:
        """For each account of a task, whether its scripts refuse the letter; nothing is carried out."""
        ((*parts,),) = await self._parts([task])
        for part in parts:
            await self._player.run(part.play, self._scene(task, part, shown))
        return [next((one for one in part.play.ran.actions if isinstance(one, Reject)), None) for part in parts]

    def _settled(self, task: Task, decided: Mapping[tuple[str, int], Task]) -> Task:
        if not self.concerns(task):
            return task
        lost = task._replace(filing=None, trouble=UNREADABLE)
        return decided.get((task.letter.id, task.due.number), lost)

    async def _parts(self, tasks: Sequence[Task]) -> list[list[Part]]:
        """The accounts of each task with their scripts."""
        wanted: dict[int, str] = {}
        for task in tasks:
            resolution = task.due.resolution
            scripts = zip(resolution.accounts, resolution.scripts, strict=False)
            wanted.update({account: digest for account, digest in scripts if digest})
        own = await self._programs.find(wanted) if wanted else {}
        return [
            [self._part(task, place, own) for place in range(len(task.due.resolution.accounts))] for task in tasks
        ]

    def _part(self, task: Task, place: int, own: Mapping[int, Program]) -> Part:
        resolution = task.due.resolution
        account, user = resolution.accounts[place], resolution.addresses[place]
        prefix = copy_prefix(return_path(task.letter.sender), user)
        mine = (own[account],) if account in own else ()
        programs = (*self._programs.before, *mine, *self._programs.after)
        return Part(Job(task.letter, task.due, account, user, prefix), Play(account, programs))

    async def _decide(self, task: Task, parts: Sequence[Part], shown: SpooledLetter) -> Task:
        """The task with what its accounts' scripts decided."""
        bundle = Bundle()
        for part in parts:
            scene = self._scene(task, part, shown)
            await self._player.run(part.play, scene)
            changed = await self._player.changes(part.play, shown)
            carrier = LetterCarrier(bundle, part.job, scene, changed, self._means)
            carrier.carry(part.play.ran, part.play.is_fresh)
        assert task.filing is not None
        return task._replace(filing=task.filing._replace(targets=tuple(bundle.targets), effects=bundle.effects))

    def _scene(self, task: Task, part: Part, shown: SpooledLetter) -> Scene:
        return self._player.scene(shown, _envelope(task, shown), part.job.user)


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
