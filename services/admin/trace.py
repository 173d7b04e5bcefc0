"""``eilpost trace``: the walk of a letter, from the connection that brought it to the mailboxes that hold it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from services.admin import options
from services.admin.asking import EX_NOUSER, ask, configuration, fail
from services.admin.output import moment, octets
from services.admin.queue import arrival
from shared.contracts import spool


@click.command()
@click.argument("term")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="letters at most")
@options.config
@options.as_json
def trace(term: str, limit: int, config: Path | None, as_json: bool) -> None:
    """What happened to a letter. TERM is its id, trace id, Message-ID, sender or recipient; newest first."""
    letters = ask(configuration(config), spool.trace, spool.Trace(term, limit)).letters
    if not letters:
        fail(f"no letter matches {term!r}", EX_NOUSER)
    if as_json:
        print(json.dumps([as_object(letter) for letter in letters], ensure_ascii=False, indent=2))
        return
    for letter in letters:
        for line in walk(letter):
            print(line)


def as_object(letter: spool.QueueLetter) -> dict[str, object]:
    """A letter as nested plain values."""
    return {**letter._asdict(), "recipients": [recipient._asdict() for recipient in letter.recipients]}


def walk(letter: spool.QueueLetter) -> Iterator[str]:
    """The lines of one letter's walk."""
    yield f"letter {letter.id}  trace {letter.trace}"
    yield f"  {moment(arrival(letter))}  {_origin(letter)}"
    yield f"      from <{letter.sender}>, {octets(letter.size)}, Message-ID {letter.message_id or 'none'}"
    if letter.subject:
        yield f"      subject {letter.subject!r}"
    for recipient in letter.recipients:
        if recipient.claimed:
            yield f"  {moment(recipient.claimed)}  claimed by {recipient.claimed_by}"
        yield f"  {moment(recipient.settled) or '        waiting    '}  <{recipient.address}> {_fate(recipient)}"


def _origin(letter: spool.QueueLetter) -> str:
    if not letter.protocol:
        return "written here"  # a report, or what a forward or a script sends on
    return f"accepted by {letter.protocol} from {letter.client or 'nowhere'} ({letter.helo!r})"


def _fate(recipient: spool.QueueRecipient) -> str:
    if recipient.state == "done":
        return (
            f"filed in {recipient.filed}" if recipient.filed else f"done {recipient.code} {recipient.reason}".rstrip()
        )
    tries = f"{recipient.attempts} tries so far, next {moment(recipient.next_attempt)}"
    when = tries if recipient.state == "ready" else recipient.state
    return f"{when}: {recipient.code} {recipient.reason}".rstrip(": ")
