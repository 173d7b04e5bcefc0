"""Letters as they come into the spool."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from services.storage.engines.prepared import Prepared
from services.storage.repositories.identity import reserve
from services.storage.tables.schema import letter, recipient
from shared.contracts.messages import Mailing
from shared.contracts.spool import Accept

KNOWN = Prepared(
    select(letter.c.id, letter.c.request).where(letter.c.id.in_(bindparam("ids", expanding=True))), "ids"
)
ADD_LETTER = Prepared(
    insert(letter),
    "seq",
    "id",
    "request",
    "trace",
    "sender",
    "content_id",
    "size",
    "message_id",
    "subject",
    "account_id",
    "client",
    "helo",
    "protocol",
    "smtputf8",
    "envelope_id",
    "ret",
    "accepted",
    "open",
    "prefix",
    "junk",
    "require_tls",
    "priority",
    "deliver_by",
    "by_mode",
)
ADD_RECIPIENT = Prepared(
    insert(recipient), "letter_seq", "number", "address", "original", "notify", "state", "next_attempt", "far"
)
ADD_SPAWNED_RECIPIENT = Prepared(insert(recipient), *ADD_RECIPIENT.names, "sender")
ORIGINS = select(
    letter.c.seq,
    letter.c.trace,
    letter.c.size,
    letter.c.message_id,
    letter.c.subject,
    letter.c.smtputf8,
    letter.c.envelope_id,
    letter.c.require_tls,
    letter.c.priority,
    letter.c.prefix,
).where(letter.c.seq.in_(bindparam("seqs", expanding=True)))
READY = "ready"


class Incoming(NamedTuple):
    """A letter to be written. ``account`` is the submitter's, 0 for none."""

    request: Accept
    digest: bytes
    account: int


class Origin(NamedTuple):
    """What a letter gets from what it comes from: another letter, or a message in a mailbox."""

    trace: str
    size: int
    message_id: str
    subject: str
    smtputf8: bool
    envelope_id: str = ""
    require_tls: bool = False
    priority: int = 0
    prefix: bytes | None = None


class Spawned(NamedTuple):
    """A letter that comes from ``origin``; ``content_id`` is that of its octets, or of changed ones.

    ``sender`` is under which name it leaves, "" for its own.
    """

    origin: Origin
    content_id: int
    mailing: Mailing
    sender: str


def known(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """The digests of letters that are here already, by id."""
    return dict(KNOWN.rows(connection, list(ids)))


def add(connection: Connection, now: float, letters: Sequence[Incoming], content_ids: Sequence[int]) -> None:
    """Write letters with their recipients, due at once unless they ask to be held."""
    seqs = reserve(connection, letter.c.seq, len(letters))
    rows: list[tuple[Any, ...]] = []
    recipients: list[tuple[Any, ...]] = []
    for seq, incoming, content_id in zip(seqs, letters, content_ids, strict=True):
        rows.append(_letter(seq, now, incoming, content_id))
        request = incoming.request
        due, far = max(now, request.hold_until), leaves(request)
        recipients.extend(
            (seq, number, each.address, each.original, " ".join(each.notify), READY, due, far)
            for number, each in enumerate(request.recipients, 1)
        )
    ADD_LETTER.run_many(connection, rows)
    ADD_RECIPIENT.run_many(connection, recipients)


def origins(connection: Connection, seqs: Collection[int]) -> dict[int, Origin]:
    """Letters of the spool that others come from."""
    return {seq: Origin(*row) for seq, *row in connection.execute(ORIGINS, {"seqs": list(seqs)})}


def spawn(connection: Connection, now: float, spawned: Sequence[Spawned]) -> None:
    """Write letters that come from what is here already, all of them due at once."""
    seqs = reserve(connection, letter.c.seq, len(spawned))
    rows: list[tuple[Any, ...]] = []
    recipients: list[tuple[Any, ...]] = []
    for seq, each in zip(seqs, spawned, strict=True):
        rows.append(_spawned(seq, now, each))
        recipients.extend(
            (seq, number, one.address, one.original, " ".join(one.notify), READY, now, False, each.sender)
            for number, one in enumerate(each.mailing.recipients, 1)
        )
    ADD_LETTER.run_many(connection, rows)
    ADD_SPAWNED_RECIPIENT.run_many(connection, recipients)


def _spawned(seq: int, now: float, spawned: Spawned) -> tuple[Any, ...]:
    """The row, in the order of `ADD_LETTER`."""
    mailing, origin = spawned.mailing, spawned.origin
    changed = mailing.changed
    prefix = mailing.prefix + (origin.prefix or b"") if changed is None else mailing.prefix
    return (
        seq,
        mailing.letter,
        b"",
        origin.trace,
        mailing.sender,
        spawned.content_id,
        origin.size + len(mailing.prefix) if changed is None else changed.summary.size + len(prefix),
        origin.message_id if changed is None else changed.summary.message_id,
        origin.subject if changed is None else changed.summary.subject,
        None,
        "",
        "",
        "",
        origin.smtputf8 or not all(one.address.isascii() for one in mailing.recipients),
        origin.envelope_id if changed is None else "",
        mailing.ret,
        now,
        len(mailing.recipients),
        prefix or None,
        False,
        origin.require_tls,
        origin.priority,
        mailing.deliver_by,
        mailing.by_mode,
    )


def leaves(request: Accept) -> bool:
    """Whether nobody in here gets the letter, so that it can begin in the far lane."""
    return all(each.far for each in request.recipients)


def _letter(seq: int, now: float, incoming: Incoming, content_id: int) -> tuple[Any, ...]:
    """The row, in the order of `ADD_LETTER`."""
    request, digest, account = incoming
    summary = request.summary
    return (
        seq,
        request.letter,
        digest,
        request.trace,
        request.sender,
        content_id,
        summary.size + len(request.prefix),
        summary.message_id,
        summary.subject,
        account or None,
        request.client,
        request.helo,
        request.protocol,
        request.smtputf8,
        request.envelope_id,
        request.ret,
        max(now, request.hold_until),
        len(request.recipients),
        request.prefix or None,
        request.junk,
        request.require_tls,
        request.priority,
        request.deliver_by,
        request.by_mode,
    )
