"""Making, removing and renaming mailboxes (RFC 3501 sections 6.3.3 to 6.3.5).

Rare enough to be done one by one. Each function raises `Refused` before it has written anything, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import bindparam, insert, literal, select, update

from services.storage.handlers.notices import tell_list
from services.storage.repositories import mailboxes
from services.storage.repositories.ledger import AccountState, Ledger, MailboxState
from services.storage.rules import names
from services.storage.tables.schema import expunge, message
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.changes import Change, mailbox_changed
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.mailboxes import Create, Created, Named, Rename

Q = TypeVar("Q")
R = TypeVar("R")

RECALL = insert(expunge).from_select(
    ["mailbox_id", "modseq", "uid", "at"],
    select(literal(0).label("zero")),
)


def _each(
    handle: Callable[[UnitOfWork, Asked[Q]], R], work: UnitOfWork, asked: Sequence[Asked[Q]]
) -> list[R | Refused]:
    answers: list[R | Refused] = []
    for each in asked:
        try:
            answers.append(handle(work, each))
        except Refused as refused:
            answers.append(refused)
    return answers
