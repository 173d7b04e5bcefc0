"""For operations too rare to be worth a set-based form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts.errors import Refused

Q = TypeVar("Q")
R = TypeVar("R")


def one_by_one(
    handle: Callable[[UnitOfWork, Asked[Q]], R], work: UnitOfWork, asked: Sequence[Asked[Q]]
) -> list[R | Refused]:
    """The answers of ``handle``, which refuses, if at all, before it has written anything."""
    answers: list[R | Refused] = []
    for each in asked:
        try:
            answers.append(handle(work, each))
        except Refused as refused:
            answers.append(refused)
    return answers
