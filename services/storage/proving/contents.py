"""Every content has its body, of the right size and, when all is read, the right hash; and what IMAP serves of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from services.storage.rules.packed import pack_u64
from services.storage.tables.schema import body, content
from shared.contracts.errors import Unavailable
from shared.contracts.verify import Finding, Proof, Proved, Report

MANY = 500  # contents of one step
MOST_READ = 32 << 20  # octets of bodies that one step reads, beyond the last one
PIECE = 1 << 20

ReadBlob = Callable[[str, int, int], bytes]  # location, start, end
FIELDS = (
    content.c.id,
    content.c.uses,
    content.c.hash,
    content.c.size,
    content.c.header_size,
    func.length(content.c.envelope).label("envelope"),
    func.length(content.c.body_structure).label("structure"),
    func.length(content.c.parts).label("parts"),
    body.c.location,
    func.length(body.c.octets).label("kept"),
)
PAGE = (
    select(*FIELDS)
    .join_from(content, body, isouter=True)
    .where(content.c.id > bindparam("after"))
    .order_by(content.c.id)
    .limit(MANY)
)
OCTETS = select(body.c.octets).where(body.c.content_id == bindparam("of"))


def contents(read_blob: ReadBlob, connection: Connection, after: Sequence[int], deep: bool) -> Report:
    """Some contents. Those that nobody uses any more are left out: they are about to go."""
    rows = connection.execute(PAGE, {"after": after[0] if after else 0}).all()
    findings: list[Finding] = []
    looked: list[Any] = []
    read = 0
    for row in rows:
        looked.append(row)
        if row.uses <= 0:
            continue
        if problem := _body(read_blob, connection, row, deep):
            findings.append(Finding(Proof.BODIES, f"content {row.id}: {problem}", row.id))
        if not (row.envelope and row.structure and row.parts and 0 <= row.header_size <= row.size):
            findings.append(Finding(Proof.SUMMARIES, f"content {row.id} is not rendered", row.id))
        read += row.size if deep else 0
        if read > MOST_READ:
            break
    following = (looked[-1].id,) if looked and (len(looked) < len(rows) or len(rows) == MANY) else ()
    count = sum(row.uses > 0 for row in looked)
    return Report(
        (Proved(Proof.BODIES, count), Proved(Proof.SUMMARIES, count)),
        tuple(findings),
        following,
        pack_u64([row.id for row in looked]),
        pack_u64([max(0, row.uses) for row in looked]),
    )


def _body(read_blob: ReadBlob, connection: Connection, row: Any, deep: bool) -> str:
    """What is wrong with a body; empty when nothing is. Raises `Unavailable` while its place cannot be reached."""
    if row.location is None:
        return "its body is gone"
    if not row.location:
        if row.kept != row.size:
            return f"its body has {row.kept} octets in place of {row.size}"
        octets = connection.execute(OCTETS, {"of": row.id}).scalar_one() if deep else b""
        return "its body has another hash" if deep and sha256(octets).digest() != row.hash else ""
    if row.kept != row.header_size:
        return f"{row.kept} octets of its header are kept in place of {row.header_size}"
    return judge_blob(read_blob, row.location, row.size, row.hash if deep else None)


def judge_blob(read_blob: ReadBlob, location: str, size: int, hash: bytes | None) -> str:
    """What is wrong with a large body; ``hash``: read it all. Raises `Unavailable`."""
    found = sha256()
    try:
        for start in range(0, size, PIECE) if hash is not None else (size - 1,):
            found.update(read_blob(location, start, min(size, start + PIECE)))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - the store says in many words that it is not there or not whole
        return f"its body cannot be read: {error}"
    return "its body has another hash" if hash is not None and found.digest() != hash else ""
