"""Letters as they come into the spool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from services.storage.repositories.identity import reserve
from services.storage.tables.schema import letter, recipient
from shared.contracts.spool import Accept

KNOWN = select(letter.c.id, letter.c.request).where(letter.c.id.in_(bindparam("ids", expanding=True)))
ADD_LETTER = insert(letter)
ADD_RECIPIENT = insert(recipient)
READY = "ready"


class Incoming(NamedTuple):
    """A letter to be written. ``account`` is the submitter's, 0 for none."""

    request: Accept
    digest: bytes
    account: int


def known(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """The digests of letters that are here already, by id."""
    return dict(connection.execute(KNOWN, {"ids": ids}).all())


def add(connection: Connection, now: float, letters: Sequence[Incoming], content_ids: Sequence[int]) -> None:
    """Write letters with their recipients, all of them due at once."""
    first = reserve(connection, letter.c.seq, len(letters))
    rows = []
    recipients: list[dict[str, Any]] = []
    for seq, (incoming, content_id) in enumerate(zip(letters, content_ids, strict=True), first):
        rows.append(_letter(seq, now, incoming, content_id))
        recipients.extend(
            {
                "letter_seq": seq,
                "number": number,
                "address": each.address,
                "original": each.original,
                "notify": " ".join(each.notify),
                "state": READY,
                "next_attempt": now,
            }
            for number, each in enumerate(incoming.request.recipients, 1)
        )
    connection.execute(ADD_LETTER, rows)
    connection.execute(ADD_RECIPIENT, recipients)


def _letter(seq: int, now: float, incoming: Incoming, content_id: int) -> dict[str, Any]:
    request, digest, account = incoming
    summary = request.summary
    return {
        "seq": seq,
        "id": request.letter,
        "request": digest,
        "trace": request.trace,
        "sender": request.sender,
        "content_id": content_id,
        "size": summary.size,
        "message_id": summary.message_id,
        "subject": summary.subject,
        "account_id": account or None,
        "client": request.client,
        "helo": request.helo,
        "protocol": request.protocol,
        "smtputf8": request.smtputf8,
        "envelope_id": request.envelope_id,
        "ret": request.ret,
        "accepted": now,
        "open": len(request.recipients),
    }
