"""From rows to `Change`: what a write tells its caller and everybody else who holds a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.storage.rules.packed import pack_i64, pack_u32, pack_u64
from shared.contracts.changes import INLINE_ROWS, Change, FlagSet, Rows

MAX_EXPLAINED = 250_000  # octets of flag names in one message on the bus
INLINE_VANISHED = 8_000  # UIDs; four octets each, so more of them ride along than rows


class Row(NamedTuple):
    """One message as a view holds it."""

    uid: int
    modseq: int
    flagset: int
    size: int
    date: int


class Step(NamedTuple):
    """From where to where a mailbox went."""

    mailbox: int
    previous: int
    modseq: int
    uidnext: int


def pack_rows(rows: Sequence[tuple[int, int, int, int, int]]) -> Rows:
    """Rows (fields of `Row`, ascending by UID) as packed columns."""
    if not rows:
        return Rows()
    return pack_columns(*zip(*rows, strict=True))


def pack_columns(
    uids: Sequence[int], modseqs: Sequence[int], flagsets: Sequence[int], sizes: Sequence[int], dates: Sequence[int]
) -> Rows:
    """Rows that come as columns already."""
    return Rows(pack_u32(uids), pack_u64(modseqs), pack_u32(flagsets), pack_u32(sizes), pack_i64(dates))


def too_many_names(flagsets: Sequence[FlagSet]) -> bool:
    """Whether explaining these sets would burst a frame: a hundred keywords on each message may do that."""
    return sum(len(name) + 4 for each in flagsets for name in each.flags) > MAX_EXPLAINED


def build(
    step: Step,
    rows: Sequence[tuple[int, int, int, int, int]] = (),
    vanished: Sequence[int] = (),
    flagsets: tuple[FlagSet, ...] = (),
    author: str = "",
) -> Change:
    """The change to tell; without its rows when they are too many to ride along."""
    if len(rows) > INLINE_ROWS or len(vanished) > INLINE_VANISHED or too_many_names(flagsets):
        return Change(*step, complete=False, author=author)
    return Change(*step, rows=pack_rows(rows), vanished=pack_u32(vanished), flagsets=flagsets, author=author)
