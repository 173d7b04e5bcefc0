"""``eilpost queue``: letters that are not yet where they should be, in the words of ``postqueue -j``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from services.admin.asking import EX_NOUSER, ask, configuration, fail
from services.admin.options import Config, Json
from services.admin.output import Row, moment, octets, print_rows
from shared.contracts import spool

app = typer.Typer(help="Accepted letters that wait.", no_args_is_help=True)

Sender = Annotated[str, typer.Option(help="only from this address")]
Recipient = Annotated[str, typer.Option(help="only to this address")]
Everything = Annotated[bool, typer.Option("--all", help="every waiting letter")]

_QUEUE_NAMES = {"ready": "deferred", "held": "hold", "failed": "corrupt"}


def as_postqueue(letter: spool.QueueLetter) -> dict[str, object]:
    """One letter with the field names of ``postqueue -j`` (the queue's name is that of its first open recipient)."""
    waiting = [recipient for recipient in letter.recipients if recipient.state != "done"]
    state = waiting[0].state if waiting else "done"
    fresh = state == "ready" and not any(recipient.attempts for recipient in waiting)
    return {
        "queue_name": "active" if fresh else _QUEUE_NAMES.get(state, state),
        "queue_id": letter.id,
        "arrival_time": int(letter.accepted),
        "message_size": letter.size,
        "sender": letter.sender,
        "recipients": [
            {
                "address": recipient.address,
                "delay_reason": recipient.reason,
                "state": recipient.state,
                "attempts": recipient.attempts,
                "next_attempt": int(recipient.next_attempt),
                "dsn": recipient.code,
            }
            for recipient in waiting
        ],
    }


@app.command(name="list")
def list_(
    sender: Sender = "", recipient: Recipient = "", state: str = "", config: Config = None, as_json: Json = False
) -> None:
    """Waiting letters; --state ready, held or failed. With --json one object a line, as postqueue -j prints."""
    chosen = spool.QueueFilter(sender=sender, recipient=recipient, state=state)
    letters = ask(configuration(config), spool.queue_list, chosen).letters
    if as_json:
        for letter in letters:
            print(json.dumps(as_postqueue(letter), ensure_ascii=False))
        return
    print_rows([row for letter in letters for row in _rows(letter)], _COLUMNS, as_json=False)


_COLUMNS = ("id", "arrived", "size", "sender", "recipient", "state", "next", "reason")


def _rows(letter: spool.QueueLetter) -> list[Row]:
    return [
        {
            "id": letter.id,
            "arrived": moment(letter.accepted),
            "size": octets(letter.size),
            "sender": letter.sender or "<>",
            "recipient": recipient.address,
            "state": recipient.state,
            "next": moment(recipient.next_attempt) if recipient.state == "ready" else "",
            "reason": recipient.reason,
        }
        for recipient in letter.recipients
        if recipient.state != "done"
    ]


@app.command()
def show(letter: str, config: Config = None, as_json: Json = False) -> None:
    """One letter with all its recipients."""
    letters = ask(configuration(config), spool.trace, spool.Trace(letter, limit=1)).letters
    if not letters:
        fail(f"no letter {letter}", EX_NOUSER)
    if as_json:
        print(json.dumps(as_postqueue(letters[0]), ensure_ascii=False, indent=2))
        return
    print_rows(_rows(letters[0]), _COLUMNS, as_json=False)


def _act(act: spool.Act, letter: str, sender: str, recipient: str, everything: bool, config: Config) -> None:
    if not (letter or sender or recipient or everything):
        fail("name a letter, --sender, --recipient or --all", 64)
    chosen = spool.QueueFilter(letter=letter, sender=sender, recipient=recipient)
    reply = ask(configuration(config), spool.queue_act, spool.QueueAct(act, chosen))
    print(f"{reply.letters} letters")


Letter = Annotated[str, typer.Argument(help="letter id")]


@app.command()
def hold(
    letter: Letter = "",
    sender: Sender = "",
    recipient: Recipient = "",
    everything: Everything = False,
    config: Config = None,
) -> None:
    """Keep letters from being tried until they are released."""
    _act(spool.Act.HOLD, letter, sender, recipient, everything, config)


@app.command()
def release(
    letter: Letter = "",
    sender: Sender = "",
    recipient: Recipient = "",
    everything: Everything = False,
    config: Config = None,
) -> None:
    """Let held letters go on."""
    _act(spool.Act.RELEASE, letter, sender, recipient, everything, config)


@app.command()
def retry(
    letter: Letter = "",
    sender: Sender = "",
    recipient: Recipient = "",
    everything: Everything = False,
    config: Config = None,
) -> None:
    """Try deferred letters now."""
    _act(spool.Act.RETRY, letter, sender, recipient, everything, config)


@app.command()
def drop(
    letter: Letter = "",
    sender: Sender = "",
    recipient: Recipient = "",
    everything: Everything = False,
    config: Config = None,
) -> None:
    """Remove letters for good. Nobody is told."""
    _act(spool.Act.DROP, letter, sender, recipient, everything, config)
