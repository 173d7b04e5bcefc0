"""One run of a script: what it has decided and what it may still spend.

Invariants
1. Steps, work and time only ever shrink, over included scripts and loops too; nothing gives any back.
2. An action is recorded, never carried out; an error drops all of them for the implicit keep.
3. Whatever a script asks of the world goes through `ask`, so that a run is a pure function of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from shared.sieve.errors import LimitExceeded, RunProblem
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.message import Envelope, Message
from shared.sieve.outcome import Action, Discard, FileInto, Keep, Memory, Question, Redirect, Reject, Traced

if TYPE_CHECKING:
    from shared.mail.parts import Node

_LOOK = 64  # steps between two looks at the clock
_LARGE = 20_000  # characters after which it is looked at anyway


class Signal(Enum):
    """Why a block ended early."""

    STOP = "stop"
    RETURN = "return"
    BREAK = "break"


class Context(NamedTuple):
    """All that a run may know besides the message.

    ``now`` is Unix seconds; ``clock`` a monotonic clock in seconds. ``facts`` answers questions: None is "no".
    ``spam`` is a score from 0 to 1, ``virus`` a number of RFC 5235; None where nobody has looked.
    """

    clock: Callable[[], float]
    now: float = 0.0
    user: str = ""  # the account's own address
    environment: Mapping[str, str] = {}
    facts: Mapping[Question, str | None] = {}
    spam: float | None = None
    virus: int | None = None
    flags: tuple[str, ...] | None = None  # of a message that an IMAP event concerns; None: a letter is delivered


class Run:
    """The state that the compiled script works on."""

    def __init__(
        self,
        message: Message,
        envelope: Envelope,
        context: Context,
        limits: Limits = DEFAULT,
        *,
        traced: bool = False,
    ) -> None:
        self.message = message
        self.envelope = envelope
        self.context = context
        self.limits = limits
        self.actions: list[Action] = []
        self.keeps = True  # the implicit keep
        self.variables: dict[str, str] = {}
        self.shared_variables: dict[str, str] = {}  # "global" ones of RFC 6609
        self.shared_names: set[str] = set()
        self.matched: tuple[str, ...] = ()
        self.flags = context.flags
        self.memories: list[Memory] = []
        self.included: set[tuple[str, str]] = set()
        self.inclusions: list[str] = []  # names of scripts, the innermost last
        self.part: Node | None = None  # of foreverypart
        self.loops: tuple[str, ...] = ()  # names of the loops around, the innermost last
        self.breaks_to = ""  # name of the loop that a break leaves
        self.edits = 0
        self.unknown: list[Question] = []
        self.trace: list[Traced] | None = [] if traced else None
        self.steps = limits.steps  # left
        self.checkpoint = limits.steps - 1  # see `look`
        self._includes = limits.included
        self._work = limits.work
        self._redirects = limits.redirects
        self._until = context.clock() + limits.seconds

    def spend(self, characters: int) -> None:
        """Before so much text is looked at."""
        self._work -= characters
        if self._work < 0:
            raise LimitExceeded("too much text to look at")
        if characters > _LARGE:
            self.look()

    def tick(self) -> None:
        """One step."""
        self.steps -= 1
        if self.steps <= self.checkpoint:
            self.look()

    def look(self) -> None:
        """Whether steps and time are left; to be called whenever ``steps`` has shrunk to ``checkpoint``."""
        if self.steps < 0:
            raise LimitExceeded(f"more than {self.limits.steps} steps")
        self.checkpoint = max(self.steps - _LOOK, -1)
        if self.context.clock() > self._until:
            raise LimitExceeded(f"longer than {self.limits.seconds:g} s")

    def act(self, action: Action, *, cancels_keep: bool) -> None:
        """Record an action, once however often it is said."""
        if cancels_keep:
            self.keeps = False
        if action in self.actions:
            return
        if isinstance(action, Keep | FileInto | Redirect) and self.has_rejected():
            raise RunProblem("a message that was refused cannot be filed or sent on as well")
        if len(self.actions) >= self.limits.actions:
            raise LimitExceeded(f"more than {self.limits.actions} actions")
        if isinstance(action, Redirect):
            self._redirects -= 1
            if self._redirects < 0:
                raise LimitExceeded(f"more than {self.limits.redirects} redirects")
        self.actions.append(action)

    @property
    def is_event(self) -> bool:
        """Whether an IMAP event is the cause, not a delivery (RFC 6785)."""
        return self.context.flags is not None

    def needs_delivery(self, what: str) -> None:
        """Before what makes no sense in an IMAP event (RFC 6785 sections 3.11 and 4.6). Raises `RunProblem`."""
        if self.is_event:
            raise RunProblem(f"{what} is not for IMAP events")

    def include(self) -> None:
        """One more inclusion of a script."""
        self._includes -= 1
        if self._includes < 0:
            raise LimitExceeded(f"more than {self.limits.included} inclusions")

    def ask(self, kind: str, *arguments: str) -> str | None:
        """The answer to a question; None while it is unknown, which is noted."""
        question = Question(kind, arguments)
        facts = self.context.facts
        if question not in facts:
            if question not in self.unknown:
                self.unknown.append(question)
            return None
        return facts[question]

    def has_rejected(self) -> bool:
        """Whether the message was refused."""
        return any(isinstance(action, Reject) for action in self.actions)

    def has_delivered(self) -> bool:
        """Whether something brings the message to somebody."""
        return any(isinstance(action, Keep | FileInto | Redirect) for action in self.actions)

    def finish(self) -> tuple[Action, ...]:
        """All actions, the implicit keep among them."""
        actions = [action for action in self.actions if not isinstance(action, Discard)]
        if self.keeps:
            flags = self.flags
            keep = Keep(flags, self.message.content, True)
            if not any(isinstance(action, Keep) for action in actions):
                actions.append(keep)
        return tuple(actions)
