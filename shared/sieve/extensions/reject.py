"""reject and ereject (RFC 5429): the message is refused, and the sender told why."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.outcome import Reject, Vacation
from shared.sieve.registry import CommandRow, Extension, Step, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve

_MAX = 8_000  # characters of a reason


def refuse(arguments: Arguments, *, in_protocol: bool) -> Step:
    """The step of reject and ereject; with what delivers the message, or answers it, it may not stand
    (RFC 5429 section 2.2)."""
    (reason,) = arguments.texts(0)

    def step(run: Run) -> Signal | None:
        run.needs_delivery(arguments.name)
        if run.has_rejected() or run.has_delivered() or any(isinstance(one, Vacation) for one in run.actions):
            raise RunProblem("a message that is filed, sent on or answered cannot be refused as well")
        run.act(Reject(resolve(reason, run)[:_MAX], in_protocol), cancels_keep=True)
        return None

    return step


EXTENSION = Extension(
    "reject",
    commands=(CommandRow("reject", lambda arguments: refuse(arguments, in_protocol=False), (Value.STRING,)),),
    for_delivery=True,
)
