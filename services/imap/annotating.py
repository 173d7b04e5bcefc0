"""Annotations as clients see them (RFC 5464)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.imap.context import AccountContext
from services.imap.errors import No
from shared.base.errors import EilpostError
from shared.contracts import metadata as contract
from shared.contracts.errors import Code, Refused
from shared.contracts.metadata import Annotated, Annotation, Get

_AT_ONCE = 1_000  # mailboxes in one question


class Told(NamedTuple):
    """What of a mailbox's annotations is told; ``longest``: octets of the largest one that is not, 0 for none."""

    values: list[tuple[str, bytes | None]]
    longest: int


async def look_up(
    context: AccountContext, names: Sequence[str], entries: tuple[str, ...], depth: int = 0
) -> list[Annotated]:
    """What mailboxes (names of storage, "" for the server) have, in as many calls as it takes."""
    found: list[Annotated] = []
    while len(found) < len(names):
        some = tuple(names[len(found) : len(found) + _AT_ONCE])
        reply = await context.call(contract.get, Get(context.grant, some, entries, depth))
        found += reply.mailboxes
        if not reply.mailboxes:
            break
    return found


def told(
    annotations: Iterable[Annotation], entries: Iterable[str], depth: int = 0, max_size: int | None = None
) -> Told:
    """Values in the order of their names; without depth, entries that are not there are told as NIL."""
    values: dict[str, bytes | None] = {} if depth else dict.fromkeys(entries)
    longest = 0
    for name, value in annotations:
        size = len(value or b"")
        if max_size is not None and size > max_size:
            longest = max(longest, size)
            values.pop(name, None)
        else:
            values[name] = value
    return Told(list(values.items()), longest)


def refusal(error: Refused) -> EilpostError:
    """A limit in the words of section 4.3."""
    if error.code is not Code.LIMIT:
        return error
    what, _, octets = error.data.partition(" ")
    if what == "size":
        return No("The value is too long", f"METADATA MAXSIZE {octets}")
    return No("There are too many annotations", "METADATA TOOMANY")
