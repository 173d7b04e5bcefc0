"""Rendering FETCH items column by column: all messages of a page at once, so that a listing is concatenation."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.imap.context import MailboxContext
from services.imap.fetching.sections import header_section
from services.imap.object_ids import email_id, thread_id
from services.imap.snapshot import Located
from shared.contracts.messages import RowsReply
from shared.mail.structure import render_body
from shared.protocols.imap.dates import render_date_time
from shared.protocols.imap.strings import string
from shared.protocols.imap.syntax.fetch import FetchItem, Item
from shared.protocols.imap.syntax.section import Section

NO_ROWS = RowsReply(b"")


class Page(NamedTuple):
    """Messages to be rendered: where they stand, and their rows in the same order where rows were asked for."""

    mailbox: MailboxContext
    place: Located
    rows: RowsReply = NO_ROWS


def render(page: Page, items: Sequence[FetchItem]) -> bytes:
    """The FETCH responses of a page."""
    columns = [column(page, item) for item in items]
    sequences = page.place.sequences
    if page.mailbox.account.dialect.uid_only:
        rendered = map(b" ".join, zip(*columns, strict=True))
        lines = [b"* %d UIDFETCH (%b)\r\n" % pair for pair in zip(page.place.uids, rendered, strict=True)]
    elif len(columns) == 1:
        lines = [b"* %d FETCH (%b)\r\n" % pair for pair in zip(sequences, columns[0], strict=True)]
    elif len(columns) == 2:
        lines = [b"* %d FETCH (%b %b)\r\n" % triple for triple in zip(sequences, *columns, strict=True)]
    else:
        rendered = map(b" ".join, zip(*columns, strict=True))
        lines = [b"* %d FETCH (%b)\r\n" % pair for pair in zip(sequences, rendered, strict=True)]
    return b"".join(lines)


def column(page: Page, item: FetchItem) -> Sequence[bytes]:
    """One item of all messages of a page."""
    if isinstance(item, Item):
        return _COLUMNS[item](page)
    assert isinstance(item, Section)  # what is BINARY is in no header
    return [header_section(item, header) for header in page.rows.headers]


def _uids(page: Page) -> list[bytes]:
    return [b"UID %d" % uid for uid in page.place.uids]


def _flags(page: Page) -> list[bytes]:
    mailbox, place = page.mailbox, page.place
    numbers = _taken(place.columns.flagsets, place)
    table = mailbox.view.table
    wires = {number: b"FLAGS " + table[number].wire for number in set(numbers)}
    split = bisect_left(place.uids, mailbox.snapshot.recent_from)
    rendered = [wires[number] for number in numbers[:split]]
    rendered += [b"FLAGS " + table[number].recent for number in numbers[split:]]
    return rendered


def _sizes(page: Page) -> list[bytes]:
    return [b"RFC822.SIZE %d" % size for size in _taken(page.place.columns.sizes, page.place)]


def _dates(page: Page) -> list[bytes]:
    dates = _taken(page.place.columns.dates, page.place)
    return [b"INTERNALDATE " + render_date_time(date) for date in dates]


def _modseqs(page: Page) -> list[bytes]:
    return [b"MODSEQ (%d)" % modseq for modseq in _taken(page.place.columns.modseqs, page.place)]


def _taken(column: array[int], place: Located) -> array[int]:
    return column[place.positions.start : place.positions.stop]


def _envelopes(page: Page) -> list[bytes]:
    return [b"ENVELOPE " + envelope for envelope in page.rows.envelopes]


def _structures(page: Page) -> list[bytes]:
    return [b"BODYSTRUCTURE " + structure for structure in page.rows.body_structures]


def _plain_structures(page: Page) -> list[bytes]:
    return [b"BODY " + render_body(structure) for structure in page.rows.body_structures]


def _previews(page: Page) -> list[bytes]:
    return [b"PREVIEW " + string(preview.encode("utf-8", "replace")) for preview in page.rows.previews]


def _email_ids(page: Page) -> list[bytes]:
    return [b"EMAILID (%b)" % email_id(digest) for digest in page.rows.email_ids]


def _thread_ids(page: Page) -> list[bytes]:
    return [b"THREADID (%b)" % thread_id(digest) for digest in page.rows.thread_ids]


def _save_dates(page: Page) -> list[bytes]:
    return [b"SAVEDATE " + render_date_time(seconds) for seconds in page.rows.saved]


_COLUMNS: dict[Item, Callable[[Page], Sequence[bytes]]] = {
    Item.UID: _uids,
    Item.FLAGS: _flags,
    Item.SIZE: _sizes,
    Item.INTERNALDATE: _dates,
    Item.MODSEQ: _modseqs,
    Item.ENVELOPE: _envelopes,
    Item.BODYSTRUCTURE: _structures,
    Item.BODY: _plain_structures,
    Item.PREVIEW: _previews,
    Item.EMAILID: _email_ids,
    Item.THREADID: _thread_ids,
    Item.SAVEDATE: _save_dates,
}
