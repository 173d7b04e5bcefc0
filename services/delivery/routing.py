"""What becomes of each due recipient of a letter: a pure function of how storage resolved it."""

from __future__ import annotations

from typing import NamedTuple

from services.delivery.local import targets
from shared.contracts.directory import Kind
from shared.contracts.messages import Filing
from shared.contracts.spool import Due, Letter
from shared.mail.received import return_path


class Trouble(NamedTuple):
    """Why a recipient cannot be served now. ``final``: no later attempt will help."""

    code: str  # enhanced status code (RFC 3463)
    reason: str
    final: bool = False


class Task(NamedTuple):
    """One due recipient with its way: at most one of ``filing`` and ``trouble``; neither for the far lane."""

    letter: Letter
    due: Due
    filing: Filing | None
    trouble: Trouble | None

    @property
    def leaves(self) -> bool:
        """Whether the recipient is elsewhere."""
        return self.filing is None and self.trouble is None


FULL = Trouble("4.2.2", "the mailbox is full")
FULL_FOR_GOOD = Trouble("5.2.2", "the mailbox is full", final=True)  # by setting
UNKNOWN = Trouble("5.1.1", "nobody has this address any more", final=True)

_TROUBLES = {Kind.UNKNOWN: UNKNOWN}


def route(letter: Letter, full: Trouble = FULL) -> list[Task]:
    """One task for each due recipient, in order; ``full`` is what becomes of those whose mailbox is full."""
    path = return_path(letter.sender)
    return [_route(letter, due, path, full) for due in letter.due]


def _route(letter: Letter, due: Due, path: bytes, full: Trouble) -> Task:
    resolution = due.resolution
    if resolution.kind is Kind.FOREIGN:
        return Task(letter, due, None, None)
    trouble = full if resolution.kind is Kind.FULL else _TROUBLES.get(resolution.kind)
    if trouble is None and not (resolution.accounts or resolution.forwards):
        trouble = UNKNOWN
    if trouble is not None:
        return Task(letter, due, None, trouble)
    filing = Filing(
        letter.id, letter.fence, due.number, targets(resolution, path, junk=letter.junk), resolution.forwards
    )
    return Task(letter, due, filing, None)
