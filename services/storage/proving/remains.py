"""The word index, the sets of flags, and that nothing belongs to nobody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, select

from services.storage.repositories import words
from services.storage.rules.flags import FIRST_INTERNED, bits_of
from services.storage.tables.annotations import annotation
from services.storage.tables.schema import (
    account,
    acl,
    alias,
    body,
    content,
    domain,
    expunge,
    flagset,
    letter,
    mailbox,
    message,
    recipient,
    subscription,
)
from services.storage.tables.sending import send_as
from services.storage.tables.sieve import sieve_log, sieve_memory, sieve_script
from services.storage.tables.submission import dkim_key
from shared.contracts.verify import Finding, Proof, Proved, Report

INDEXED = 5_000  # contents of one step
BEYOND = 2**62  # any id
SETS = 2_000
SHOWN = 20  # of one kind

CONTENTS = (
    select(content.c.id).where(content.c.id > bindparam("after")).order_by(content.c.id).limit(bindparam("many"))
)
FLAG_SETS = (
    select(flagset.c.id, flagset.c.flags, flagset.c.bits)
    .where(flagset.c.id > bindparam("after"))
    .order_by(flagset.c.id)
    .limit(SETS)
)
# Each with the column that names its owner; 0 is nobody on purpose.
OWNED: tuple[tuple[Table, ColumnElement[int], ColumnElement[int]], ...] = (
    (account, account.c.domain_id, domain.c.id),
    (alias, alias.c.domain_id, domain.c.id),
    (dkim_key, dkim_key.c.domain_id, domain.c.id),
    (mailbox, mailbox.c.account_id, account.c.id),
    (subscription, subscription.c.account_id, account.c.id),
    (send_as, send_as.c.account_id, account.c.id),
    (sieve_script, sieve_script.c.account_id, account.c.id),
    (sieve_memory, sieve_memory.c.account_id, account.c.id),
    (sieve_log, sieve_log.c.account_id, account.c.id),
    (message, message.c.mailbox_id, mailbox.c.id),
    (expunge, expunge.c.mailbox_id, mailbox.c.id),
    (acl, acl.c.mailbox_id, mailbox.c.id),
    (annotation, annotation.c.mailbox_id, mailbox.c.id),
    (recipient, recipient.c.letter_seq, letter.c.seq),
    (body, body.c.content_id, content.c.id),
)
# These hold nothing that anybody could miss.
REMOVABLE = frozenset({subscription, send_as, sieve_memory, sieve_log, expunge, acl, annotation, recipient, body})


def index(connection: Connection, after: Sequence[int]) -> Report:
    """Some contents: all up to the watermark stand in the index, and nothing else does."""
    first, limit = (after[0] if after else 0), words.indexed(connection)
    ids = list(connection.execute(CONTENTS, {"after": first, "many": INDEXED}).scalars())
    upto = ids[-1] if len(ids) == INDEXED else BEYOND
    expected = {number for number in ids if number <= limit}
    present = words.present(connection, first + 1, upto)
    findings = [
        Finding(Proof.INDEX, f"content {number} is not in the index", number) for number in sorted(expected - present)
    ]
    findings += [
        Finding(Proof.INDEX, f"the index has content {number}, which is not there", number)
        for number in sorted(present - expected)
    ]
    following = (upto,) if len(ids) == INDEXED else ()
    return Report((Proved(Proof.INDEX, len(expected)),), tuple(findings[:SHOWN]), following)


def flag_sets(connection: Connection, after: Sequence[int]) -> Report:
    """Some sets of flags: each is written in the one way, and its bits are those of its names."""
    rows = connection.execute(FLAG_SETS, {"after": after[0] if after else 0}).all()
    findings = []
    for number, text, bits in rows:
        names = tuple(text.split(" "))
        if bits != bits_of(names):
            findings.append(Finding(Proof.FLAGS, f"set {number} has bits {bits}, its names {bits_of(names)}", number))
        if names != tuple(sorted(set(names))) or number < FIRST_INTERNED:
            findings.append(Finding(Proof.FLAGS, f"set {number} is not written as sets are: {text}"))
    following = (rows[-1].id,) if len(rows) == SETS else ()
    return Report((Proved(Proof.FLAGS, len(rows)),), tuple(findings), following)


def owners(connection: Connection, after: Sequence[int]) -> Report:
    """One table: no row of it belongs to somebody who is gone."""
    place = after[0] if after else 0
    table, owner, there = OWNED[place]
    query = (
        select(owner, func.count())
        .where(owner != 0, owner.not_in(select(there)))
        .group_by(owner)
        .order_by(owner)
        .limit(SHOWN)
    )
    findings = [
        Finding(Proof.OWNERS, f"{count} rows of {table.name} belong to {owner.name} {number}, which is gone", place)
        for number, count in connection.execute(query)
    ]
    count = connection.execute(select(func.count()).select_from(table)).scalar_one()
    following = (place + 1,) if place + 1 < len(OWNED) else ()
    return Report((Proved(Proof.OWNERS, count),), tuple(findings), following)
