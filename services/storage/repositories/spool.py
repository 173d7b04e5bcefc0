"""Letters and their recipients in the spool: the tables' side of accepting and settling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection


class Pending(NamedTuple):
    """A recipient as it stands, with what its letter says of it."""

    seq: int  # of the letter
    number: int
    fence: int  # of the letter, now
    content_id: int
    size: int
    state: str  # ready | done | held | failed
    address: str
    filed: str  # when done


class Filed(NamedTuple):
    """A recipient that was filed in this transaction; ``forwards`` join its letter as new recipients."""

    seq: int
    number: int
    filed: str  # "mailbox/uid" of each copy
    forwards: tuple[str, ...] = ()


def pending(connection: Connection, recipients: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Pending]:
    """Recipients by (letter id, number); those that are not there are left out."""
    raise NotImplementedError


def settle_filed(connection: Connection, now: float, filed: Sequence[Filed]) -> dict[int, int]:
    """Settle recipients as done. They must be ``ready`` now, in this transaction.

    Returns the content uses that are given up: ``{content_id: -1}`` for each letter that is finished. The caller adds
    its own new uses and hands the sum to `contents.adjust`: for the common letter with one recipient nothing remains.
    """
    raise NotImplementedError
