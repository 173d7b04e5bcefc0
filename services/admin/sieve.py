"""``eilpost sieve check`` and ``test``: is a script right, what would it do to a letter? Nothing is done."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_DATAERR, EX_USAGE, fail
from services.admin.output import print_rows
from services.admin.sieve_telling import told
from shared.mail.summary import summarise
from shared.sieve.catalogue import REGISTRY
from shared.sieve.errors import SieveError
from shared.sieve.extensions.imapsieve import ImapEvent, items
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
@click.option("--cause", type=click.Choice(["append", "copy", "flag"]), help="a client did this by IMAP (imapsieve)")
@click.option("--mailbox", default="INBOX", metavar="NAME", show_default=True, help="with --cause: where")
@click.option("--flag", "flags", multiple=True, metavar="FLAG", help="with --cause: one that the message has")
@click.option("--changed", multiple=True, metavar="FLAG", help="with --cause flag: one that was set or taken away")
@options.as_json
def test(
    script: Path,
    message: Path,
    sender: str,
    recipient: str,
    cause: str | None,
    mailbox: str,
    flags: tuple[str, ...],
    changed: tuple[str, ...],
    as_json: bool,
) -> None:
    """What SCRIPT would do to MESSAGE, and why: each step with its result, then the actions.

    The message is a letter that arrives; with --cause, one that a client put into a mailbox or gave other flags.
    """
    if cause is None and (flags or changed):
        fail("--flag and --changed go with --cause", EX_USAGE)
    octets = message.read_bytes()
    event = ImapEvent(recipient, recipient, cause.upper(), mailbox, changed) if cause else ImapEvent()
    context = Context(
        clock=time.monotonic,
        now=time.time(),
        user=recipient,
        environment={"name": "Eilpost", **items(event)},
        flags=flags if cause else None,
    )
    letter = Message(octets, parts=summarise(octets).parts)
    outcome = compile_file(script, traced=True).run(letter, Envelope(sender, recipient), context, traced=True)
    if as_json:
        print(json.dumps(as_object(outcome), ensure_ascii=False, indent=2))
        return
    steps = [{"line": step.place.line, "step": step.source.strip(), "result": step.result} for step in outcome.trace]
    print_rows(steps, ("line", "step", "result"), as_json=False)
    print()
    print("\n".join(told(outcome, event)))


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


def _action(action: Action) -> dict[str, object]:
    fields = {key: value for key, value in action._asdict().items() if key != "content"}
    return {"action": type(action).__name__.lower(), **fields}


def compile_file(script: Path, *, traced: bool) -> Script:
    """The compiled form of a file, or the end of the program with its first problem."""
    try:
        return compile_script(script.read_bytes(), REGISTRY, traced=traced)
    except SieveError as error:
        fail(f"{script}: {error}", EX_DATAERR)
