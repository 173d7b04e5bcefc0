"""What delivery remembers about other servers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from services.storage.registry import AnyRow, read, write
from services.storage.tables.outbound import sts_policy
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import outbound
from shared.contracts.directory import Done
from shared.contracts.outbound import Domain, StsPolicy

POLICIES = select(sts_policy).where(sts_policy.c.domain.in_(bindparam("domains", expanding=True)))
FORGET = delete(sts_policy).where(
    sts_policy.c.domain.in_(bindparam("domains", expanding=True)) | (sts_policy.c.expires <= bindparam("now"))
)


def find(connection: Connection, asked: Sequence[Asked[Domain]]) -> list[StsPolicy]:
    """What is known of domains; nothing for those that are not known."""
    rows = connection.execute(POLICIES, {"domains": list({each.request.domain for each in asked})})
    known = {row.domain: StsPolicy(row.domain, row.id, row.text, row.expires) for row in rows}
    return [known.get(each.request.domain, StsPolicy(each.request.domain)) for each in asked]


def keep(work: UnitOfWork, asked: Sequence[Asked[StsPolicy]]) -> list[Done]:
    """Remember policies, each in place of an older one of its domain; one without an id is forgotten."""
    latest = {each.request.domain: each.request for each in asked}
    work.connection.execute(FORGET, {"domains": list(latest), "now": int(work.now)})
    kept = [each._asdict() for each in latest.values() if each.id]
    if kept:
        work.connection.execute(insert(sts_policy), kept)
    return [Done()] * len(asked)


ROWS: tuple[AnyRow, ...] = (read(outbound.sts_policy, find), write(outbound.keep_sts_policy, keep))
