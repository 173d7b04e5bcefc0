"""`spool.body`: the octets of a claimed letter, for a hop to another server; large ones by ticket."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from services.storage.blobs.tickets import Tickets
from services.storage.repositories import contents, leases
from services.storage.unit_of_work import Asked
from shared.contracts.errors import Code, Refused
from shared.contracts.spool import Fenced, LetterBody

STALE = Refused(Code.STALE, "somebody else has the letter")
GONE = Refused(Code.NOT_FOUND, "the body is not there")


def read(tickets: Tickets, connection: Connection, asked: Sequence[Asked[Fenced]]) -> list[LetterBody | Refused]:
    """Whoever holds the claim may read; to all others the letter is stale."""
    claimed = leases.claimed_contents(connection, {each.request.letter for each in asked})
    mine = [claimed.get(each.request.letter, (-1, 0, b"")) for each in asked]
    bodies = contents.read(connection, list({content for _, content, _ in mine if content}))
    binary = contents.binary(connection, [number for number, stored in bodies.items() if stored.location])
    return [
        _answer(tickets, bodies.get(content), prefix, binary=content in binary)
        if fence == each.request.fence
        else STALE
        for each, (fence, content, prefix) in zip(asked, mine, strict=True)
    ]


def _answer(tickets: Tickets, stored: contents.Octets | None, prefix: bytes, *, binary: bool) -> LetterBody | Refused:
    if stored is None:
        return GONE
    octets = prefix + stored.octets
    if not stored.location:
        return LetterBody(octets)
    return LetterBody(octets, tickets.download_url(stored.location, stored.size), len(prefix), binary)
