"""A compiled script: made once, run for each letter."""

from __future__ import annotations

from shared.mail.parts import BrokenTable
from shared.sieve.compiler import Compiler
from shared.sieve.errors import LimitExceeded, RunProblem, SieveError
from shared.sieve.lexer import Source
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.message import Envelope, Message
from shared.sieve.outcome import Keep, Outcome
from shared.sieve.parser import parse
from shared.sieve.registry import Registry, Step
from shared.sieve.run import Context, Run, Signal

BODY_READERS = frozenset(
    {"body", "editheader", "enclose", "extracttext", "foreverypart", "include", "mime", "replace"}
)


class Script:
    """``needs_body``: a run may look behind the header block, or change the message. ``for_delivery`` names what an
    IMAP event's script may not require."""

    def __init__(self, step: Step, required: frozenset[str], for_delivery: frozenset[str], limits: Limits) -> None:
        self.step = step
        self.for_delivery = for_delivery
        self.required = required
        self.limits = limits
        self.needs_body = not required.isdisjoint(BODY_READERS)

    def run(self, message: Message, envelope: Envelope, context: Context, *, traced: bool = False) -> Outcome:
        """What becomes of ``message``. Never raises: with an error the message is kept, and nothing else done."""
        run = Run(message, envelope, context, self.limits, traced=traced)
        error: SieveError | None = None
        try:
            self.perform(run)
        except SieveError as problem:
            error = problem
        except BrokenTable as problem:
            error = RunProblem(f"the message's table of parts is damaged: {problem}")
        trace = tuple(run.trace or ())
        used = self.limits.steps - max(run.steps, 0)
        if error is not None:
            return Outcome((Keep(implicit=True),), error, tuple(run.unknown), (), trace, used)
        return Outcome(run.finish(), None, tuple(run.unknown), tuple(run.memories), trace, used, run.flags)

    def perform(self, run: Run) -> Signal | None:
        """The script's part in a run. Raises `SieveError`."""
        for name in sorted(self.for_delivery):
            run.needs_delivery(name)
        return self.step(run)


def compile_script(octets: bytes, registry: Registry, limits: Limits = DEFAULT, *, traced: bool = False) -> Script:
    """The compiled form of a script. Raises a `SieveError` with the place of the first problem, and nothing else."""
    if len(octets) > limits.script:
        raise LimitExceeded(f"a script has at most {limits.script} octets")
    source = Source(octets.removeprefix(b"\xef\xbb\xbf"))
    compiler = Compiler(source, registry, limits, traced=traced)
    step = compiler.compile(parse(source, limits))
    return Script(step, compiler.required, compiler.for_delivery, limits)
