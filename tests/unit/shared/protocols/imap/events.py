"""Feeding an `ImapCore` in tests."""

from __future__ import annotations

from collections.abc import Iterable

from shared.protocols.imap.core import ImapCore, Limits
from shared.protocols.imap.events import NEED_MORE, Command, Event, Fatal, LiteralChunk


def logged_in(limits: Limits | None = None) -> ImapCore:
    """A core past its login."""
    core = ImapCore(limits or Limits())
    core.log_in()
    return core


def drain(core: ImapCore) -> list[Event]:
    """All events that are there; offered messages are accepted."""
    events: list[Event] = []
    while (event := core.next_event()) is not NEED_MORE:
        if isinstance(event, LiteralChunk) and events and isinstance(events[-1], LiteralChunk):
            events[-1] = LiteralChunk(events[-1].octets + event.octets)
        else:
            events.append(event)
        if isinstance(event, Fatal):
            break
        if isinstance(event, Command) and event.name in ("APPEND", "REPLACE") and event.value.offered:
            core.accept_literal()
    return events


def told(core: ImapCore, pieces: Iterable[bytes]) -> list[Event]:
    """All events of octets that arrive in pieces, chunks of one literal joined."""
    events: list[Event] = []
    for piece in pieces:
        core.feed(piece)
        for event in drain(core):
            if isinstance(event, LiteralChunk) and events and isinstance(events[-1], LiteralChunk):
                events[-1] = LiteralChunk(events[-1].octets + event.octets)
            else:
                events.append(event)
        if events and isinstance(events[-1], Fatal):
            break
    return events


def parsed(line: str | bytes) -> object:
    """The value of one command, or the event that came instead."""
    octets = line.encode() if isinstance(line, str) else line
    [event] = told(logged_in(), [b"a1 " + octets + b"\r\n"])
    return event.value if isinstance(event, Command) else event
