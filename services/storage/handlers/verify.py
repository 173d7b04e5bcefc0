"""`verify.step`: one step of a walk through all that storage holds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.proving import accounts, contents, messages, remains
from services.storage.proving.contents import ReadBlob
from services.storage.registry import AnyRow, Lane, read
from services.storage.unit_of_work import Asked
from shared.contracts import verify as contract
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.verify import Part, Report, Step

MOST = 1_000  # contents asked for by id
_PARTS = {
    Part.MESSAGES: messages.messages,
    Part.EVENTS: messages.events,
    Part.LETTERS: messages.letters,
    Part.ACCOUNTS: accounts.accounts,
    Part.FLAG_SETS: remains.flag_sets,
    Part.INDEX: remains.index,
    Part.OWNERS: remains.owners,
}


def rows(read_blob: ReadBlob) -> tuple[AnyRow, ...]:
    """The one row: beside those that read mail, never in their way."""
    return (read(contract.step, partial(steps, read_blob), lane=Lane.HEAVY),)


def steps(read_blob: ReadBlob, connection: Connection, asked: Sequence[Asked[Step]]) -> list[Report | Refused]:
    """Each step by itself."""
    return [_step(read_blob, connection, each.request) for each in asked]


def _step(read_blob: ReadBlob, connection: Connection, step: Step) -> Report | Refused:
    if step.part is Part.USES:
        return messages.uses(connection, step.of[:MOST])
    if step.part is Part.HOLDERS:
        return messages.holders(connection, step.of[:MOST])
    if step.part is Part.CONTENTS:
        try:
            return contents.contents(read_blob, connection, step.after, step.deep)
        except Unavailable as error:
            return Refused(Code.UNAVAILABLE, str(error))
    return _PARTS[step.part](connection, step.after)
