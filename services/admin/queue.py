"""``eilpost queue``: letters that are not yet where they should be, in the words of ``postqueue -j``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from services.admin import options
from services.admin.asking import EX_NOUSER, EX_USAGE, ask, configuration, fail
from services.admin.output import Row, moment, octets, print_rows
from shared.base.ids import born
from shared.contracts import spool

sender_option = click.option(
    "--sender", default="", metavar="ADDRESS", help="only from this address; <> is the sender of reports"
)
recipient_option = click.option("--recipient", default="", metavar="ADDRESS", help="only to this address")

domain_option = click.option("--domain", default="", metavar="DOMAIN", help="only to recipients there")
older_option = click.option("--older", default=0.0, metavar="HOURS", help="only what was accepted so long ago")
state_option = click.option("--state", type=click.Choice(["ready", "held", "failed"]), help="only in this state")

WAITING = ("ready", "held")
NOT_DONE = (*WAITING, "failed")


def queue_name(states: Sequence[str], *, tried: bool) -> str:
    """The name of Postfix's queue where a letter with recipients in these states would be.

    Postfix keeps none whose recipients have all failed: these are "failed" here. ``tried`` means that it waits for
    its time.
    """
    if "ready" in states:
        return "deferred" if tried else "active"
    return "hold" if "held" in states else "failed" if "failed" in states else "done"


def as_postqueue(letter: spool.QueueLetter, states: Sequence[str] = NOT_DONE) -> dict[str, object]:
    """One letter with the field names of ``postqueue -j``, and its recipients in ``states``."""
    waiting = [recipient for recipient in letter.recipients if recipient.state in states]
    tried = any(recipient.attempts for recipient in waiting) or _is_put_off(letter)
    return {
        "queue_name": queue_name([recipient.state for recipient in waiting], tried=tried),
        "queue_id": letter.id,
        "arrival_time": int(arrival(letter)),
        "message_size": letter.size,
        "forced_expire": False,
        "sender": letter.sender,
        "recipients": [
            {
                "address": recipient.address,
                "delay_reason": _reason(letter, recipient),
                "state": recipient.state,
                "attempts": recipient.attempts,
                "next_attempt": int(recipient.next_attempt),
                "dsn": recipient.code,
            }
            for recipient in waiting
        ],
    }


def arrival(letter: spool.QueueLetter) -> float:
    """When the letter came, in Unix seconds; its age counts from a later time where its sender put it off."""
    return born(letter.id) if _is_put_off(letter) else letter.accepted


def _is_put_off(letter: spool.QueueLetter) -> bool:
    return letter.accepted > time.time()


def _reason(letter: spool.QueueLetter, recipient: spool.QueueRecipient) -> str:
    put_off = _is_put_off(letter) and recipient.state == "ready"
    return recipient.reason or (f"its sender wants it to leave at {moment(letter.accepted)}" if put_off else "")


_COLUMNS = ("id", "arrived", "size", "sender", "recipient", "state", "next", "reason")


def _rows(letter: spool.QueueLetter, states: Sequence[str] = NOT_DONE) -> list[Row]:
    return [
        {
            "id": letter.id,
            "arrived": moment(arrival(letter)),
            "size": octets(letter.size),
            "sender": letter.sender or "<>",
            "recipient": recipient.address,
            "state": recipient.state,
            "next": moment(recipient.next_attempt) if recipient.state == "ready" else "",
            "reason": _reason(letter, recipient),
        }
        for recipient in letter.recipients
        if recipient.state in states
    ]


@click.group()
def queue() -> None:
    """Accepted letters that wait."""


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose letters."""
    for decorate in (sender_option, recipient_option, domain_option, older_option, state_option):
        command = decorate(command)
    return command


def chosen_by(
    sender: str, recipient: str, domain: str, older: float, state: str | None, letter: str = ""
) -> spool.QueueFilter:
    """What those options mean."""
    before = time.time() - older * 3_600 if older else 0.0
    return spool.QueueFilter(letter, sender, recipient, state or "", domain=domain, before=before)


@queue.command(name="list")
@filters
@options.config
@options.as_json
def list_(config: Path | None, as_json: bool, **given: Any) -> None:
    """Waiting letters; with --json one object a line, as postqueue -j prints.

    What was given up is no longer waiting, its sender was told: --state failed shows it, as long as it is kept.
    """
    states = (given["state"],) if given["state"] else WAITING
    chosen = chosen_by(**given)._replace(state=given["state"] or "waiting")
    letters = ask(configuration(config), spool.queue_list, chosen).letters
    if as_json:
        for letter in letters:
            print(json.dumps(as_postqueue(letter, states), ensure_ascii=False))
        return
    if not letters:
        print("no letters", file=sys.stderr)
        return
    print_rows([row for letter in letters for row in _rows(letter, states)], _COLUMNS, as_json=False)


@queue.command()
@click.argument("letter")
@options.config
@options.as_json
def show(letter: str, config: Path | None, as_json: bool) -> None:
    """One letter with all its recipients."""
    letters = ask(configuration(config), spool.trace, spool.Trace(letter, limit=1)).letters
    if not letters:
        fail(f"no letter {letter}", EX_NOUSER)
    if as_json:
        print(json.dumps(as_postqueue(letters[0]), ensure_ascii=False, indent=2))
        return
    print_rows(_rows(letters[0]), _COLUMNS, as_json=False)


def _acting(act: spool.Act, says_done: str, says: str, usually: str = "") -> None:
    """Add the command that does ``act`` to all letters that its options choose: of those in the state ``usually``,
    where they name neither a letter nor a state."""

    def run(letter: str, everything: bool, config: Path | None, as_json: bool, **given: Any) -> None:
        if not (letter or everything or any(given.values())):
            fail("name a letter, a filter (--sender, --recipient, --domain, --older, --state) or --all", EX_USAGE)
        if not (letter or given["state"]):
            given["state"] = usually
        chosen = chosen_by(**given, letter=letter)
        count = ask(configuration(config), spool.queue_act, spool.QueueAct(act, chosen)).letters
        if letter and not count:
            fail(f"no letter {letter} waits to be {says_done}", EX_NOUSER)
        print(json.dumps({"letters": count}) if as_json else f"{count} letters" if count != 1 else "1 letter")

    command: Callable[..., Any] = click.option("--all", "everything", is_flag=True, help="every waiting letter")(run)
    for decorate in (options.as_json, options.config, filters, click.argument("letter", default="")):
        command = decorate(command)
    queue.command(name=act.value, help=says)(command)


_acting(spool.Act.HOLD, "held", "Keep letters from being tried until they are released.")
_acting(spool.Act.RELEASE, "released", "Let held letters go on.")
_acting(
    spool.Act.RETRY,
    "tried",
    "Try deferred letters now; what is held, put off by its sender or given up, only by name or with --state.",
    "deferred",
)
_acting(
    spool.Act.DROP,
    "dropped",
    "Remove waiting letters for good; nobody is told. Those that were given up only by name or with --state.",
    "waiting",
)
