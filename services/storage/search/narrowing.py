"""Which messages may hold a text, as the word index says: few, where a search would look at all.

What the index does not know yet (contents behind its watermark), what has too many words, and what a copy alone has
in front of its content is left to be looked at. So a search finds the same with the index as without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from services.storage.engines.words import Span
from services.storage.repositories import words
from services.storage.repositories.messages import Picker
from services.storage.search.candidate import possible_days
from services.storage.search.entries import NAMED
from services.storage.search.leaves import day_test
from services.storage.search.wording import MANY, Place, pieces
from services.storage.tables.schema import content, content_sort, message
from services.storage.tables.words import COLUMNS
from shared.contracts.search import Field, Leaf
from shared.mail.fold import fold

FEW = 20  # messages that are looked at without asking the index
FOUND = 20_000  # contents, beyond which a text is too common to be worth narrowing down
SPARSE = 100  # a span of UIDs may be so many times what is asked for
PAGE = 20_000  # UIDs read at a time
PIECES = 4  # of a text that are looked up
HOLDING = 3  # letters that a piece needs for its trigrams

_DATES = Picker(content.c.date, source=message.join(content), index=content_sort)


class Narrowed(NamedTuple):
    """UIDs: those that fit, and those that have to be looked at."""

    sure: list[int]
    open: list[int]


def narrow(connection: Connection, mailbox: int, uids: Sequence[int], leaf: Leaf, indexed: int) -> Narrowed | None:
    """The messages among ``uids`` that may fit ``leaf``; None when all of them may."""
    if len(uids) <= FEW:
        return None
    if leaf.field is Field.SENT:
        return _by_date(connection, mailbox, uids, leaf)
    if not indexed or uids[-1] - uids[0] > SPARSE * len(uids):
        return None
    wanted, exact = pieces(fold(leaf.text))
    columns = _columns(leaf)
    groups: list[list[str]] = []
    part = ""
    for piece in sorted(wanted, key=lambda piece: -len(piece.text))[:PIECES]:
        if groups and len(piece.text) < HOLDING and piece.place is not Place.WHOLE:
            break
        fitting = words.fitting(connection, piece)
        if fitting is not None:
            groups.append([*fitting, MANY])
            part = part or piece.text
    if not groups:
        return None
    contents = words.holding(connection, columns, groups, FOUND + 1)
    if len(contents) > FOUND:
        return None
    sure = frozenset[int]()
    if exact and (leaf.field is not Field.HEADER or leaf.name.lower() in NAMED):
        sure = frozenset(contents).difference(words.holding(connection, columns, [[MANY]], FOUND + 1))
    in_copies = leaf.field is Field.TEXT or (leaf.field is Field.HEADER and leaf.name.lower() not in NAMED)
    span = Span(mailbox, uids[0], uids[-1])
    rows = words.among(connection, span, indexed, contents, part if in_copies else None)
    return _sorted_out(rows, uids, sure, indexed)


def _by_date(connection: Connection, mailbox: int, uids: Sequence[int], leaf: Leaf) -> Narrowed:
    """What the stored date of a message decides, whatever its zone."""
    fits = day_test(leaf.text)
    narrowed = Narrowed([], [])
    for page in _DATES.pages(connection, mailbox, uids, PAGE):
        for _, uid, date in page:
            verdicts = set(map(fits, possible_days(date))) if date else {True, False}
            if len(verdicts) > 1:
                narrowed.open.append(uid)
            elif True in verdicts:
                narrowed.sure.append(uid)
    return narrowed


def _columns(leaf: Leaf) -> Iterable[str]:
    if leaf.field is Field.BODY:
        return ("body",)
    if leaf.field is Field.TEXT:
        return COLUMNS
    name = leaf.name.lower()
    return (name,) if name in NAMED else ("header",)


def _sorted_out(rows: Iterable[tuple[int, int]], uids: Sequence[int], sure: frozenset[int], indexed: int) -> Narrowed:
    asked = None if uids[-1] - uids[0] == len(uids) - 1 else set(uids)
    narrowed = Narrowed([], [])
    for uid, number in rows:
        if asked is None or uid in asked:
            (narrowed.sure if number in sure and number <= indexed else narrowed.open).append(uid)
    return narrowed
