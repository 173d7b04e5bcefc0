"""What writes reach, for those that need not have the database for themselves (see `services.storage.registry`)."""

from __future__ import annotations

from typing import Any

from services.storage.engines.database import Reach
from services.storage.unit_of_work import Asked
from shared.contracts.mailboxes import OTHERS, SHARED

NOWHERE = Reach()


def nothing(asked: Asked[Any]) -> Reach:
    """Rows of its own, and letters of the spool."""
    return NOWHERE


def the_asker(asked: Asked[Any]) -> Reach:
    """The account that asks, if one does."""
    return Reach((asked.account,)) if asked.account else NOWHERE


def its_mailbox(asked: Asked[Any]) -> Reach:
    """Whoever owns the mailbox that the request names by its id."""
    return Reach(mailboxes=(asked.request.mailbox,))


def by_name(asked: Asked[Any], name: str) -> Reach | None:
    """The asker, unless ``name`` may lead to somebody else."""
    return None if name.startswith((OTHERS, SHARED)) else Reach((asked.account,))


def named_mailbox(asked: Asked[Any]) -> Reach | None:
    """The mailbox that the request calls by its name."""
    return by_name(asked, asked.request.mailbox)


def between(asked: Asked[Any]) -> Reach | None:
    """From the mailbox of an id to that of a name."""
    target = by_name(asked, asked.request.to)
    return None if target is None else Reach(target.accounts, (asked.request.mailbox,))
