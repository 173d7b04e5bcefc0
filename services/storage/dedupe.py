"""Repeated writes get the recorded answer.

Invariant: the row in ``dedupe`` is written in the transaction of the write that it remembers. A key belongs to one
account; under it, a request that differs from the first one is refused. What was refused is not recorded: it changed
nothing, so that it may be tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from services.storage.engines.prepared import Prepared
from services.storage.tables.schema import dedupe
from services.storage.turn import Turn
from shared.contracts.codec import decode, encode
from shared.contracts.errors import Code, Refused
from shared.observe import metrics

FIND = Prepared(
    select(dedupe.c.key, dedupe.c.request, dedupe.c.reply).where(dedupe.c.key.in_(bindparam("keys", expanding=True))),
    "keys",
)
RECORD = Prepared(insert(dedupe), "key", "request", "reply", "at")


class Keyed(NamedTuple):
    """A turn under its key. ``digest`` tells a repeat from another request."""

    turn: Turn
    key: str
    digest: bytes


class Sorted(NamedTuple):
    """``fresh`` must run; ``repeats`` take the outcome of the fresh one of the same key in this batch.

    ``clashes`` are refused: a broken front, or a forged one, used their key for another request.
    """

    fresh: list[Keyed]
    repeats: list[tuple[Turn, Turn]]
    clashes: list[Keyed]


def sort(connection: Connection, turns: Sequence[Turn]) -> Sorted:
    """Answer the turns whose write was done before; say which remain."""
    keyed = [_keyed(turn) for turn in turns]
    rows = FIND.rows(connection, [each.key for each in keyed])
    known = {key: (request, reply) for key, request, reply in rows}
    first: dict[str, Keyed] = {}
    repeats: list[tuple[Turn, Turn]] = []
    clashes: list[Keyed] = []
    for each in keyed:
        if each.key in known:
            request, reply = known[each.key]
            if request != each.digest:
                clashes.append(each)
                continue
            metrics.dedupe_hits_total(each.turn.row.op.name).inc()
            each.turn.outcome = decode(each.turn.row.op.reply, reply)
        elif each.key not in first:
            first[each.key] = each
        elif first[each.key].digest == each.digest:
            repeats.append((each.turn, first[each.key].turn))
        else:
            clashes.append(each)
    for each in clashes:
        each.turn.outcome = Refused(Code.CONFLICT, f"the key {each.key} was used for another request")
    return Sorted(list(first.values()), repeats, clashes)


def record(connection: Connection, now: float, done: Sequence[Keyed]) -> None:
    """Remember the answers of writes that were run."""
    rows = [
        (each.key, each.digest, encode(each.turn.outcome), int(now))
        for each in done
        if not isinstance(each.turn.outcome, Refused)
    ]
    RECORD.run_many(connection, rows)


def _keyed(turn: Turn) -> Keyed:
    request: Any = turn.asked.request
    bare = request
    if turn.row.granted:
        bare = request._replace(grant=b"")  # a grant may have been renewed between two attempts
    digest = blake2b(encode(bare), digest_size=16, key=turn.row.op.name.encode()).digest()
    return Keyed(turn, f"{turn.asked.account}:{request.key}", digest)
