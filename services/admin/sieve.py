"""``eilpost sieve check`` and ``test``: is a script right, what would it do to a letter? Nothing is done."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_DATAERR, fail
from services.admin.output import print_rows
from shared.mail.summary import summarise
from shared.sieve.catalogue import REGISTRY
from shared.sieve.errors import SieveError
from shared.sieve.message import Envelope, Message
from shared.sieve.outcome import Action, Outcome
from shared.sieve.run import Context
from shared.sieve.script import Script, compile_script

file_argument = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def sieve() -> None:
    """Check and keep Sieve scripts. One can be tried on a letter."""


@sieve.command()
@click.argument("script", type=file_argument)
def check(script: Path) -> None:
    """Say where SCRIPT is wrong, if it is."""
    compile_file(script, traced=False)


@sieve.command()
@click.argument("script", type=file_argument)
@click.argument("message", type=file_argument)
@click.option("--sender", default="", metavar="ADDRESS", help="envelope sender")
@click.option("--recipient", default="", metavar="ADDRESS", help="envelope recipient, and the script's owner")
@options.as_json
def test(script: Path, message: Path, sender: str, recipient: str, as_json: bool) -> None:
    """What SCRIPT would do to MESSAGE, and why: each step with its result, then the actions."""
    octets = message.read_bytes()
    context = Context(clock=time.monotonic, now=time.time(), user=recipient)
    letter = Message(octets, parts=summarise(octets).parts)
    outcome = compile_file(script, traced=True).run(letter, Envelope(sender, recipient), context, traced=True)
    if as_json:
        print(json.dumps(as_object(outcome), ensure_ascii=False, indent=2))
        return
    steps = [{"line": step.place.line, "step": step.source.strip(), "result": step.result} for step in outcome.trace]
    print_rows(steps, ("line", "step", "result"), as_json=False)
    print()
    print("\n".join(told(outcome)))


def as_object(outcome: Outcome) -> dict[str, object]:
    """An outcome as nested plain values."""
    return {
        "actions": [_action(action) for action in outcome.actions],
        "error": str(outcome.error) if outcome.error else None,
        "unanswered": [question._asdict() for question in outcome.unknown],
        "trace": [
            {"line": step.place.line, "column": step.place.column, "source": step.source, "result": step.result}
            for step in outcome.trace
        ],
    }


def told(outcome: Outcome) -> Iterator[str]:
    """The end of a run, for people."""
    if outcome.error is not None:
        yield f"error: {outcome.error}; the letter would be kept"
    for question in outcome.unknown:
        yield f"taken for no: {question.kind} {' '.join(question.arguments)}"
    for action in outcome.actions:
        fields = _action(action)
        name = fields.pop("action")
        yield f"{name} " + ", ".join(
            f"{key} {value!r}" for key, value in fields.items() if value not in (None, "", ())
        )


def _action(action: Action) -> dict[str, object]:
    fields = {key: value for key, value in action._asdict().items() if key != "content"}
    return {"action": type(action).__name__.lower(), **fields}


def compile_file(script: Path, *, traced: bool) -> Script:
    """The compiled form of a file, or the end of the program with its first problem."""
    try:
        return compile_script(script.read_bytes(), REGISTRY, traced=traced)
    except SieveError as error:
        fail(f"{script}: {error}", EX_DATAERR)
