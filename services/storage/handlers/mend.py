"""`verify.mend`: one finding mended, in one transaction; every change is a line of the log.

What takes long, reading a body and rendering it, is done by a reader beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from services.storage.handlers.one_by_one import one_by_one
from services.storage.mending import rows as mending
from services.storage.mending.replacing import replace_everywhere
from services.storage.proving.contents import PIECE, ReadBlob, judge_blob
from services.storage.registry import AnyRow, Lane, read, task, write
from services.storage.repositories.flagsets import FlagSets
from services.storage.rooms import Rooms
from services.storage.tables.schema import body, content
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import verify as contract
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op, Repeat
from shared.contracts.verify import Finding, Mended, Proof
from shared.mail.lost import lost_message
from shared.mail.summary import Summary, SummaryScanner, summarise
from shared.observe.log import Log

NOBODY: frozenset[str] = frozenset()
CONTENT = (
    select(
        content.c.id,
        content.c.hash,
        content.c.size,
        content.c.header_size,
        content.c.subject,
        content.c.sender,
        content.c.date,
        body.c.octets,
        body.c.location,
    )
    .join_from(content, body, isouter=True)
    .where(content.c.id == bindparam("of"))
)


class Look(NamedTuple):
    finding: Finding


class Looked(NamedTuple):
    """What is to be done about a content: ``octets`` to stand in its place, or a ``summary`` rendered anew."""

    finding: Finding
    octets: bytes = b""
    summary: Summary | None = None


def rows(read_blob: ReadBlob, flagsets: FlagSets, rooms: Rooms, log: Log) -> tuple[AnyRow, ...]:
    """The one row."""
    looking = read(
        Op("mend.look", Look, Looked, NOBODY, 60.0, Repeat.SAFE), partial(look, read_blob), lane=Lane.HEAVY
    )
    changing = write(
        Op("mend.change", Looked, Mended, NOBODY, 60.0, Repeat.SAFE),
        partial(one_by_one, partial(change, flagsets, log)),
    )
    return (task(contract.mend, partial(mend, rooms, looking, changing)),)


async def mend(rooms: Rooms, looking: AnyRow, changing: AnyRow, asked: Asked[Finding]) -> Mended:
    """Look once more, then change."""
    looked = Looked(asked.request)
    if asked.request.proof in (Proof.BODIES, Proof.SUMMARIES):
        looked = await rooms.ask(looking, Look(asked.request))
        if not looked.octets and looked.summary is None:
            return Mended()
    mended: Mended = await rooms.ask(changing, looked)
    return mended


def look(read_blob: ReadBlob, connection: Connection, asked: Sequence[Asked[Look]]) -> list[Looked | Refused]:
    """What is to be done about contents."""
    return [_look(read_blob, connection, each.request.finding) for each in asked]


def _look(read_blob: ReadBlob, connection: Connection, found: Finding) -> Looked | Refused:
    row = connection.execute(CONTENT, {"of": found.number}).first()
    if row is None:
        return Looked(found)
    try:
        octets = _in_place(read_blob, row)
        if octets is not None or found.proof is Proof.BODIES:
            return Looked(found, octets or b"")
        return Looked(found, summary=_render(read_blob, row))
    except Unavailable as error:
        return Refused(Code.UNAVAILABLE, str(error))


def _in_place(read_blob: ReadBlob, row: Any) -> bytes | None:
    """What shall stand in the place of a damaged body: what is there, else a text; None for a whole one."""
    lost = lost_message(row.hash, row.subject, row.sender, row.date)
    if row.location is None:
        return lost
    if row.location:
        whole = len(row.octets) == row.header_size and not judge_blob(read_blob, row.location, row.size, row.hash)
        return None if whole else lost
    if sha256(row.octets).digest() == row.hash:
        return None
    octets: bytes = row.octets
    return octets or lost


def _render(read_blob: ReadBlob, row: Any) -> Summary:
    if not row.location:
        return summarise(row.octets)
    scanner = SummaryScanner()
    for start in range(0, row.size, PIECE):
        scanner.feed(read_blob(row.location, start, min(row.size, start + PIECE)))
    return scanner.finish()


def change(flagsets: FlagSets, log: Log, work: UnitOfWork, asked: Asked[Looked]) -> Mended:
    """Change what is wrong still."""
    looked = asked.request
    found = looked.finding
    mended = _change(flagsets, work, looked)
    for line in mended.changes:
        what = {"account": found.account, "mailbox": found.mailbox, "uid": found.uid}
        work.on_commit(
            partial(log.info, "storage.repaired", proof=found.proof.value, number=found.number, change=line, **what)
        )
    return mended


def _change(flagsets: FlagSets, work: UnitOfWork, looked: Looked) -> Mended:
    found = looked.finding
    if looked.summary is not None:
        values = looked.summary._asdict()
        work.connection.execute(update(content).where(content.c.id == found.number).values(values))
        return Mended(("it is rendered anew",))
    if looked.octets:
        return Mended(tuple(replace_everywhere(flagsets, work, found.number, looked.octets)))
    if found.proof is Proof.MESSAGES:
        return mending.mend_message(flagsets, work, found)
    if found.proof is Proof.FLAGS and not found.mailbox:
        return mending.mend_flag_set(work, found)
    return _COUNTED[found.proof](work, found)


_COUNTED: dict[Proof, Callable[[UnitOfWork, Finding], Mended]] = {
    Proof.UIDS: mending.mend_mailbox,
    Proof.MODSEQS: mending.mend_mailbox,
    Proof.COUNTERS: mending.mend_mailbox,
    Proof.HISTORY: mending.mend_mailbox,
    Proof.FLAGS: mending.mend_mailbox,
    Proof.QUOTAS: mending.mend_account,
    Proof.USES: mending.mend_uses,
    Proof.SPOOL: mending.mend_letter,
    Proof.INDEX: mending.mend_index,
    Proof.OWNERS: mending.remove_of_nobody,
}
