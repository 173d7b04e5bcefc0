"""What becomes of each due recipient of a letter: a pure function of how storage resolved it."""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.local import targets
from shared.contracts.directory import Kind
from shared.contracts.messages import Filing
from shared.contracts.spool import Due, Letter
from shared.mail.received import return_path


class Trouble(NamedTuple):
    """Why a recipient cannot be served now. ``final``: no later attempt of ours will help, an operator must."""

    code: str  # enhanced status code (RFC 3463)
    reason: str
    final: bool = False


class Task(NamedTuple):
    """One due recipient with its way: exactly one of ``filing`` and ``trouble``."""

    letter: Letter
    due: Due
    filing: Filing | None
    trouble: Trouble | None


NO_RELAY = Trouble("4.4.4", "outbound delivery is not part of this installation; the letter waits")
FULL = Trouble("4.2.2", "the mailbox is full")
UNKNOWN = Trouble("5.1.1", "nobody has this address any more", final=True)

_TROUBLES = {Kind.FOREIGN: NO_RELAY, Kind.FULL: FULL, Kind.UNKNOWN: UNKNOWN}


def route(letter: Letter) -> list[Task]:
    """One task for each due recipient, in order."""
    path = return_path(letter.sender)
    return [_route(letter, due, path) for due in letter.due]


def _route(letter: Letter, due: Due, path: bytes) -> Task:
    resolution = due.resolution
    trouble = _TROUBLES.get(resolution.kind)
    if trouble is None and not (resolution.accounts or resolution.forwards):
        trouble = UNKNOWN
    if trouble is not None:
        return Task(letter, due, None, trouble)
    filing = Filing(
        letter.id, letter.fence, due.number, targets(resolution, path, junk=letter.junk), resolution.forwards
    )
    return Task(letter, due, filing, None)
