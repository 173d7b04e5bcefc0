"""Letters of the spool with what is in them, for whoever works on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Executable, bindparam, func, select

from services.storage.tables.schema import account, body, content, letter

FIND: Executable = (
    select(
        letter.c.id.label("letter"),
        letter.c.fence,
        letter.c.size,
        func.coalesce(letter.c.prefix, b"").label("prefix"),
        letter.c.content_id,
        letter.c.envelope_id,
        letter.c.ret,
        letter.c.client,
        letter.c.helo,
        account.c.address.label("submitter"),
        content.c.header_size,
        content.c.parts,
        body.c.location,
    )
    .join_from(letter, content, content.c.id == letter.c.content_id)
    .join(body, body.c.content_id == content.c.id)
    .outerjoin(account, account.c.id == letter.c.account_id)
    .where(letter.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(letter.c.seq)
)
OCTETS = select(body.c.content_id, body.c.octets).where(body.c.content_id.in_(bindparam("ids", expanding=True)))
HEADERS = (
    select(body.c.content_id, func.substr(body.c.octets, 1, content.c.header_size).label("octets"))
    .join_from(body, content, content.c.id == body.c.content_id)
    .where(body.c.content_id.in_(bindparam("ids", expanding=True)))
)


class Spooled(NamedTuple):
    """A letter; ``size`` counts ``prefix``, ``header_size`` and ``parts`` are of the stored content behind it."""

    letter: str
    fence: int
    size: int
    prefix: bytes
    content_id: int
    envelope_id: str
    ret: str
    client: str
    helo: str
    submitter: str | None
    header_size: int
    parts: bytes
    location: str


def find(connection: Connection, ids: Sequence[str]) -> list[Spooled]:
    """Letters by id, oldest first; those that are not there are left out."""
    return [Spooled(*row) for row in connection.execute(FIND, {"ids": list(ids)}).all()]


def octets(connection: Connection, letters: Sequence[Spooled], whole: Sequence[Spooled]) -> list[bytes]:
    """What is in ``letters``, without their prefixes: all of those in ``whole``, of the others the header block."""
    wanted = {each.content_id for each in whole}
    heads = {each.content_id for each in letters} - wanted
    found: dict[int, bytes] = {}
    for statement, ids in ((OCTETS, wanted), (HEADERS, heads)):
        if ids:
            found.update(dict(connection.execute(statement, {"ids": list(ids)}).all()))
    return [found[each.content_id] for each in letters]
