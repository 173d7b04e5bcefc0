"""Telling what a write did: the same `Change` to its caller and, after the commit, to all who hold a view."""

from __future__ import annotations

from collections.abc import Sequence

from services.storage.repositories.flagsets import FlagSets
from services.storage.rules import changes
from services.storage.rules.changes import Step
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.changes import INLINE_ROWS, Change, ListChange, list_changed, mailbox_changed

ViewRow = tuple[int, int, int, int, int]  # the fields of `changes.Row`


def tell(
    work: UnitOfWork,
    flagsets: FlagSets,
    step: Step,
    *,
    rows: Sequence[ViewRow] = (),
    vanished: Sequence[int] = (),
    author: str = "",
) -> Change:
    """Announce a step of a mailbox and return it. A step that leads nowhere is returned only."""
    used = {row[2] for row in rows} if len(rows) <= INLINE_ROWS else set()
    explained = flagsets.explain(work.connection, used) if used else ()
    change = changes.build(step, rows, vanished, explained, author)
    if change.modseq != change.previous:
        work.publish(mailbox_changed, change, key=change.mailbox)
    return change


def tell_list(work: UnitOfWork, account: int, author: str = "") -> None:
    """Announce that the names of an account changed."""
    work.publish(list_changed, ListChange(account, author), key=account)
