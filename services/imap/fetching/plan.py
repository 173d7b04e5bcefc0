"""What a list of FETCH items needs: nothing but the view, rows that were rendered at arrival, or whole messages."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from shared.contracts.messages import Column
from shared.protocols.imap.syntax.fetch import FetchItem, Item
from shared.protocols.imap.syntax.section import Binary, Section

_COLUMNS = {
    Item.ENVELOPE: Column.ENVELOPE,
    Item.BODY: Column.BODY_STRUCTURE,
    Item.BODYSTRUCTURE: Column.BODY_STRUCTURE,
    Item.PREVIEW: Column.PREVIEW,
    Item.EMAILID: Column.EMAIL_ID,
    Item.THREADID: Column.THREAD_ID,
    Item.SAVEDATE: Column.SAVED,
}


class Plan(NamedTuple):
    """``items`` in the order of the answer. ``columns``: bits of `Column` to ask for, 0 for none."""

    items: tuple[FetchItem, ...]
    columns: int
    bodies: bool  # some section needs octets beyond the header block
    marks: bool  # some section sets \\Seen
    flags: bool  # FLAGS is asked for


@lru_cache(maxsize=512)
def plan(items: tuple[FetchItem, ...], *, uid: bool, modseq: bool) -> Plan:
    """The plan for these items; UID and MODSEQ are added where the command implies them."""
    asked = list(items)
    if uid and Item.UID not in asked:
        asked.insert(0, Item.UID)
    if modseq and Item.MODSEQ not in asked:
        asked.append(Item.MODSEQ)
    sections = [item for item in asked if isinstance(item, Section | Binary)]
    bodies = any(not in_header(section) for section in sections)
    columns = 0
    for item in asked:
        if isinstance(item, Item):
            columns |= _COLUMNS.get(item, 0)
        elif not bodies:
            columns |= Column.HEADER
    marks = any(not section.peek for section in sections)
    return Plan(tuple(asked), columns, bodies, marks, Item.FLAGS in asked)


def with_flags(plan: Plan, *, modseq: bool) -> Plan:
    """The plan for messages whose flags the FETCH itself changes, which tells them; with ``modseq`` also UID and
    MODSEQ (RFC 7162 section 3.2.4)."""
    implied = (Item.UID, Item.FLAGS, Item.MODSEQ) if modseq else (Item.FLAGS,)
    missing = [item for item in implied if item not in plan.items]
    return plan._replace(items=(*plan.items, *missing), flags=True) if missing else plan


def in_header(section: Section | Binary) -> bool:
    """Whether the header block alone answers this section."""
    return isinstance(section, Section) and not section.path and section.text.startswith("HEADER")
