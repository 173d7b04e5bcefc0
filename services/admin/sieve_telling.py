"""What a Sieve script decided, in sentences for people."""

from __future__ import annotations

from collections.abc import Iterator

from services.admin.output import printable
from shared.sieve.extensions.imapsieve import ImapEvent
from shared.sieve.outcome import (
    Action,
    Content,
    Discard,
    FileInto,
    Keep,
    Notify,
    Outcome,
    Redirect,
    Reject,
    Vacation,
)

DAY = 86_400


def told(outcome: Outcome, event: ImapEvent) -> Iterator[str]:
    """The end of a run, a line for each thing that would happen. ``event`` is what a client did, if that was it."""
    if outcome.error is not None:
        yield printable(f"error: {outcome.error}; what follows is all that would happen")
    for question in outcome.unknown:
        yield printable(f"taken for no: {question.kind} {' '.join(question.arguments)}".rstrip())
    for action in outcome.actions:
        yield printable(_event_keep(action, event) if isinstance(action, Keep) and event.cause else _said(action))
    if not any(isinstance(action, Keep) for action in outcome.actions):
        if event.cause:
            yield printable(f"mark the message in {event.mailbox} as \\Deleted: nothing keeps it")
        elif not outcome.actions:
            yield "throw the letter away"


def _event_keep(action: Keep, event: ImapEvent) -> str:
    return f"leave the message in {event.mailbox}{_flagged(action.flags)}"


def _said(action: Action) -> str:
    match action:
        case Keep():
            why = " (nothing else was decided)" if action.implicit else ""
            return f"file into INBOX{_flagged(action.flags)}{_changed(action.content)}{why}"
        case FileInto():
            return f"file into {_mailbox(action)}{_flagged(action.flags)}{_changed(action.content)}"
        case Redirect():
            notify = f", reports on {action.notify}" if action.notify else ""
            return f"send on to {action.address}{notify}{_changed(action.content)}"
        case Reject():
            how = "in the SMTP dialogue" if action.in_protocol else "by a message to its sender"
            return f"refuse {how}: {_one_line(action.reason)}"
        case Vacation():
            subject = f' with the subject "{action.subject}"' if action.subject else ""
            once = _how_often(action.seconds)
            return f"answer the sender{subject}, {once}: {_one_line(action.text)}{_copied(action.fcc)}"
        case Notify():
            text = f": {_one_line(action.message)}" if action.message else ""
            return f"notify {action.method}{text}{_copied(action.fcc)}"
        case Discard():
            return "throw the letter away"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _mailbox(action: FileInto) -> str:
    made = ", made if it is not there" if action.create else ""
    named = f'"{action.mailbox}"{made}'
    found = [f"the mailbox with the id {action.mailbox_id}"] if action.mailbox_id else []
    found += [f"the mailbox for {action.special_use}"] if action.special_use else []
    return ", else ".join([*found, named])


def _flagged(flags: tuple[str, ...] | None) -> str:
    if flags is None:
        return ""
    return f" with the flags {' '.join(flags)}" if flags else " without flags"


def _changed(content: Content | None) -> str:
    if content is None:
        return ""
    return ", header changed" if content.body is None else ", header and body changed"


def _copied(fcc: FileInto | None) -> str:
    return f"; a copy into {_mailbox(fcc)}{_flagged(fcc.flags)}" if fcc is not None else ""


def _how_often(seconds: int) -> str:
    if seconds == 0:
        return "each time"
    if seconds % DAY == 0:
        days = seconds // DAY
        return "once in a day" if days == 1 else f"once in {days} days"
    return f"once in {seconds} seconds"
