"""The scripts of one recipient, run one after the other: the installation's, the user's, the installation's again.

A later script runs as long as the letter is being kept; for all but the last one, keep means to go on. Pure: time and
the world's answers are arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from shared.contracts.sieve import SpooledLetter
from shared.sieve.errors import SieveError
from shared.sieve.extensions.imapsieve import NO_EVENT, ImapEvent, items
from shared.sieve.message import Envelope, Message, header_end
from shared.sieve.outcome import Action, Content, Keep, Memory, Outcome, Question
from shared.sieve.run import Context
from shared.sieve.script import Script

_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")


class Program(NamedTuple):
    """One script under the name that the user's log gives it; one that does not compile is its error."""

    name: str
    script: Script | SieveError


class Judged(NamedTuple):
    """Where filters of this installation leave what they found: names of header fields, "" for none."""

    spam: str = ""
    full: float = 10.0  # the score that is certainly spam
    virus: str = ""

    def spam_score(self, message: Message) -> float | None:
        """From 0 to 1; None where nobody has looked."""
        found = _NUMBER.search(_first(message, self.spam))
        return None if found is None else min(max(float(found[0]) / self.full, 0.0), 1.0)

    def virus_number(self, message: Message) -> int | None:
        """A number of RFC 5235; None where nobody has looked."""
        found = _NUMBER.search(_first(message, self.virus))
        return None if found is None else min(max(int(float(found[0])), 0), 5)


def _first(message: Message, name: str) -> str:
    """The topmost value of a field: what stands below it was there before us."""
    values = message.values(name) if name else ()
    return values[0] if values else ""


class Scene(NamedTuple):
    """What a run is about: one letter for one account, or what happened to one message."""

    shown: SpooledLetter
    envelope: Envelope
    user: str
    host: str
    now: float
    clock: Callable[[], float]
    judged: Judged = Judged()
    event: ImapEvent = NO_EVENT  # where a client's doing is the cause
    flags: tuple[str, ...] | None = None  # of the event's message


class Ran(NamedTuple):
    """What came of it. With ``unknown`` questions it counts for nothing, and is to be repeated with the answers."""

    actions: tuple[Action, ...] = ()
    memories: tuple[Memory, ...] = ()
    error: str = ""
    unknown: tuple[Question, ...] = ()
    flags: tuple[str, ...] | None = None  # as the last script left its internal variable


def run_all(programs: Sequence[Program], scene: Scene, facts: Mapping[Question, str | None]) -> Ran:
    """All of ``programs``, as far as the letter is kept; without any, it is."""
    if not programs:
        return Ran((Keep(implicit=True),))
    context = _context(scene, facts)
    octets, parts = scene.shown.octets, scene.shown.parts
    actions: list[Action] = []
    memories: list[Memory] = []
    for place, (name, script) in enumerate(programs, 1):
        if isinstance(script, SieveError):
            return Ran((*actions, Keep(implicit=True)), tuple(memories), f"{name}: {script}")
        size = scene.shown.size if place == 1 else len(octets)
        outcome = script.run(Message(octets, size=size, parts=parts), scene.envelope, context)
        if outcome.unknown:
            return Ran(unknown=outcome.unknown)
        if outcome.error is not None:
            return Ran((*actions, Keep(implicit=True)), tuple(memories), f"{name}: {outcome.error}")
        memories += outcome.memories
        kept = _kept(outcome)
        if kept is None or place == len(programs):
            actions += outcome.actions
            break
        actions += [action for action in outcome.actions if action is not kept]
        if kept.content is not None:
            octets, parts = whole(kept.content, octets), b""
    return Ran(tuple(dict.fromkeys(actions)), tuple(memories), flags=outcome.flags)


def whole(content: Content, octets: bytes) -> bytes:
    """A message that a script changed, ``octets`` being what it was."""
    return content.header + (octets[header_end(octets) :] if content.body is None else content.body)


def _kept(outcome: Outcome) -> Keep | None:
    return next((action for action in outcome.actions if isinstance(action, Keep)), None)


def _context(scene: Scene, facts: Mapping[Question, str | None]) -> Context:
    environment = {
        "domain": scene.host.partition(".")[2] or scene.host,
        "host": scene.host,
        "name": "Eilpost",
        **items(scene.event),
    }
    if scene.shown.client:
        environment["remote-ip"] = scene.shown.client
    message, judged = Message(scene.shown.octets), scene.judged
    return Context(
        scene.clock,
        scene.now,
        scene.user,
        environment=environment,
        facts=facts,
        spam=judged.spam_score(message) if judged.spam else None,
        virus=judged.virus_number(message) if judged.virus else None,
        flags=scene.flags,
    )
