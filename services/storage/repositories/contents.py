"""Messages as stored: once by content hash, counted by those who name them.

Invariant: ``content.uses`` changes only here, in the transaction that adds or removes the naming row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from services.storage.engines.prepared import Prepared
from services.storage.repositories.identity import reserve
from services.storage.tables.schema import body, content, upload
from shared.contracts.blobs import Body, Summary
from shared.contracts.errors import Code, Refused
from shared.mail.parts import leaves


class Octets(NamedTuple):
    """A stored message: whole in ``octets`` when ``location`` is "", else only its header block is there."""

    octets: bytes
    location: str
    size: int
    hash: bytes


class Arrived(NamedTuple):
    """A body handed in, its upload looked up."""

    hash: bytes
    size: int
    octets: bytes  # the whole, or the header block of an upload
    location: str


FIND = Prepared(
    select(content.c.id, content.c.hash).where(content.c.hash.in_(bindparam("hashes", expanding=True))), "hashes"
)
FIND_UPLOADS = select(upload.c.id, upload.c.hash, upload.c.size, upload.c.location, upload.c.header).where(
    upload.c.id.in_(bindparam("ids", expanding=True))
)
READ = Prepared(
    select(body.c.content_id, body.c.octets, body.c.location, content.c.size, content.c.hash)
    .join_from(body, content)
    .where(body.c.content_id.in_(bindparam("ids", expanding=True))),
    "ids",
)
PARTS = select(content.c.id, content.c.parts).where(content.c.id.in_(bindparam("ids", expanding=True)))
SORT = Summary._fields.index("sort_subject")  # from here on behind the counts
ADD_CONTENT = Prepared(
    insert(content), "id", "hash", *Summary._fields[:SORT], "uses", "created", *Summary._fields[SORT:]
)
ADD_BODY = Prepared(insert(body), "content_id", "octets", "location")
ADJUST = Prepared(
    update(content).where(content.c.id == bindparam("of")).values(uses=content.c.uses + bindparam("delta")),
    "of",
    "delta",
)


def intern(connection: Connection, now: float, items: Sequence[tuple[Body, Summary]]) -> list[int]:
    """The content ids of ``items``, found by hash or inserted; each item counts as one use.

    Raises `Refused`: NOT_FOUND for an upload that is not there, MALFORMED for a summary that is not of this body.
    """
    arrived = _arrived(connection, items)
    known = find(connection, {each.hash for each in arrived})
    uses: dict[int, int] = {}
    for each in arrived:
        if (number := known.get(each.hash)) is not None:
            uses[number] = uses.get(number, 0) + 1
    _add(connection, now, arrived, [summary for _, summary in items], known)
    adjust(connection, uses)
    return [known[each.hash] for each in arrived]


def find(connection: Connection, hashes: set[bytes]) -> dict[bytes, int]:
    """Content ids by hash, of those that are there."""
    return {hash: number for number, hash in FIND.rows(connection, list(hashes))}


def adjust(connection: Connection, deltas: Mapping[int, int]) -> None:
    """Add to the use counts, once the caller has netted what comes and goes; zeros cost nothing.

    In the order of ids, so that two processes that add to the same contents never wait for each other in a circle.
    """
    ADJUST.run_many(connection, [each for each in sorted(deltas.items()) if each[1]])


def release(connection: Connection, counts: Mapping[int, int]) -> None:
    """Give up uses: ``{content_id: how many}``. What nobody uses is collected later."""
    adjust(connection, {number: -count for number, count in counts.items()})


def read(connection: Connection, content_ids: Sequence[int]) -> dict[int, Octets]:
    """Bodies by content id; ids that are not there are left out."""
    rows = READ.rows(connection, list(content_ids))
    return {number: Octets(octets, location, size, hash) for number, octets, location, size, hash in rows}


def binary(connection: Connection, content_ids: Sequence[int]) -> set[int]:
    """Those of ``content_ids`` in which a part says that it is binary."""
    if not content_ids:
        return set()
    rows = connection.execute(PARTS, {"ids": list(content_ids)})
    return {number for number, parts in rows if any(each.encoding == "binary" for each in leaves(parts))}


def _arrived(connection: Connection, items: Sequence[tuple[Body, Summary]]) -> list[Arrived]:
    wanted = [given.upload for given, _ in items if given.upload]
    uploads = {}
    if wanted:
        uploads = {row.id: row for row in connection.execute(FIND_UPLOADS, {"ids": wanted})}
    arrived = []
    for given, summary in items:
        if given.upload:
            row = uploads.get(given.upload)
            if row is None:
                raise Refused(Code.NOT_FOUND, "no such finished upload")
            each = Arrived(row.hash, row.size, row.header[: summary.header_size], row.location)
        else:
            each = Arrived(sha256(given.octets).digest(), len(given.octets), given.octets, "")
        if each.size != summary.size or not 0 <= summary.header_size <= each.size:
            raise Refused(Code.MALFORMED, "the summary is not of this body")
        arrived.append(each)
    return arrived


def _add(
    connection: Connection,
    now: float,
    arrived: Sequence[Arrived],
    summaries: Sequence[Summary],
    known: dict[bytes, int],
) -> None:
    """Insert what ``known`` lacks, once for each hash, and add it there."""
    new: dict[bytes, tuple[Arrived, Summary]] = {}
    uses: dict[bytes, int] = {}
    for each, summary in zip(arrived, summaries, strict=True):
        if each.hash not in known:
            new.setdefault(each.hash, (each, summary))
            uses[each.hash] = uses.get(each.hash, 0) + 1
    if not new:
        return
    created = int(now)
    contents, bodies = [], []
    numbers = reserve(connection, content.c.id, len(new))
    for number, (hash, (each, summary)) in zip(numbers, new.items(), strict=True):
        known[hash] = number
        contents.append((number, hash, *summary[:SORT], uses[hash], created, *summary[SORT:]))
        bodies.append((number, each.octets, each.location))
    ADD_CONTENT.run_many(connection, contents)
    ADD_BODY.run_many(connection, bodies)
