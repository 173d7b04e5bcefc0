"""Which script runs on what clients do in a mailbox (RFC 6785 section 2.3.1).

Invariant: ``mailbox.script`` is what annotations and the owner's scripts come to: the entry of the mailbox, or
without one that of the server, names a script; where its owner has one of this name, it is that, else nothing.
Whoever changes such an annotation or the names of scripts calls `resolve` in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, union, update

from services.storage.repositories.metadata import EVERYBODY, SERVER
from services.storage.tables.annotations import annotation
from services.storage.tables.schema import mailbox
from services.storage.tables.sieve import sieve_script

ENTRY = "/shared/imapsieve/script"
MANY = 500  # accounts in one go

_IS_ENTRY = and_(annotation.c.account_id == EVERYBODY, annotation.c.name == ENTRY)
SERVERS = select(annotation.c.value).where(annotation.c.mailbox_id == SERVER, _IS_ENTRY)
MAILBOXES = (
    select(mailbox.c.id, mailbox.c.account_id, mailbox.c.script, annotation.c.value)
    .outerjoin_from(mailbox, annotation, and_(annotation.c.mailbox_id == mailbox.c.id, _IS_ENTRY))
    .where(mailbox.c.account_id.in_(bindparam("accounts", expanding=True)))
)
SCRIPTS = select(sieve_script.c.account_id, sieve_script.c.name).where(
    sieve_script.c.account_id.in_(bindparam("accounts", expanding=True))
)
HAS = select(sieve_script.c.name).where(
    sieve_script.c.account_id == bindparam("owner"), sieve_script.c.name == bindparam("called")
)
OWNERS = union(select(sieve_script.c.account_id), select(mailbox.c.account_id).where(mailbox.c.script.is_not(None)))
SET = update(mailbox).where(mailbox.c.id == bindparam("of")).values(script=bindparam("called"))


def resolve(connection: Connection, accounts: Collection[int]) -> None:
    """Work out anew which scripts run in the mailboxes of ``accounts``."""
    servers = connection.execute(SERVERS).scalar()
    left = iter(accounts)
    while some := list(islice(left, MANY)):
        _resolve(connection, some, servers)


def resolve_all(connection: Connection) -> None:
    """The same for everybody whom it may concern: the server's entry changed."""
    resolve(connection, connection.execute(OWNERS).scalars().all())


def of_new(connection: Connection, owner: int) -> str | None:
    """The script of a mailbox that an account is about to make."""
    entry: bytes | None = connection.execute(SERVERS).scalar()
    if not entry:
        return None
    script: str | None = connection.execute(
        HAS, {"owner": owner, "called": entry.decode("utf-8", "replace")}
    ).scalar()
    return script


def _resolve(connection: Connection, accounts: Collection[int], servers: bytes | None) -> None:
    there = {(owner, name) for owner, name in connection.execute(SCRIPTS, {"accounts": list(accounts)})}
    changes = list(_changes(connection.execute(MAILBOXES, {"accounts": list(accounts)}), there, servers))
    if changes:
        connection.execute(SET, changes)


def _changes(rows: Any, there: Collection[tuple[int, str]], servers: bytes | None) -> Iterator[dict[str, Any]]:
    for number, owner, script, own in rows:
        entry = servers if own is None else own
        name = (entry or b"").decode("utf-8", "replace")
        wanted = name if (owner, name) in there else None
        if wanted != script:
            yield {"of": number, "called": wanted}
