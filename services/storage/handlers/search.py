"""`search.text`: which messages hold a text. Exact: what the word index cannot answer is read, page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from time import monotonic

from sqlalchemy import Connection, func

from services.storage.blobs.store import Lost
from services.storage.registry import AnyRow, Lane, read
from services.storage.repositories import words
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger
from services.storage.repositories.messages import Picker
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.search.candidate import Candidate
from services.storage.search.leaves import compile_leaf, reads_bodies
from services.storage.search.narrowing import narrow
from services.storage.tables.schema import body, content, message
from services.storage.unit_of_work import Asked
from shared.contracts import search as contract
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.search import Found, Search

BUDGET = contract.search.deadline - 4.0  # seconds for one search; the caller hears LIMIT before it gives up
PAGE = 100  # messages between two looks at the clock
MAX_LEAVES = 1_000

ReadBlob = Callable[[str, int, int], bytes]  # location, start, end

_SOURCE = message.join(content).join(body, body.c.content_id == content.c.id)
_COLUMNS = (message.c.prefix, content.c.header_size, content.c.parts, content.c.date, body.c.location)
WHOLE = Picker(*_COLUMNS, body.c.octets, source=_SOURCE)
HEADERS = Picker(*_COLUMNS, func.substr(body.c.octets, 1, content.c.header_size).label("octets"), source=_SOURCE)


def rows(read_blob: ReadBlob, clock: Callable[[], float] = monotonic) -> tuple[AnyRow, ...]:
    """All of the family. ``read_blob`` reads a range of a body that stands in the blob store."""
    return (read(contract.search, partial(search, read_blob, clock), lane=Lane.HEAVY),)


def search(
    read_blob: ReadBlob, clock: Callable[[], float], connection: Connection, asked: Sequence[Asked[Search]]
) -> list[Found | Refused]:
    """One after the other, each within its budget."""
    answers: list[Found | Refused] = []
    for each in asked:
        try:
            answers.append(_search(read_blob, clock, connection, each))
        except Refused as refused:
            answers.append(refused)
        except (Lost, Unavailable) as error:
            answers.append(Refused(Code.UNAVAILABLE, str(error)))
    return answers


def _search(read_blob: ReadBlob, clock: Callable[[], float], connection: Connection, asked: Asked[Search]) -> Found:
    request = asked.request
    until = clock() + BUDGET
    access = Access(Ledger(connection))
    access.ledger.load([request.mailbox])
    if isinstance(refused := access.by_id(request.mailbox, asked.account, "r"), Refused):
        raise refused
    if len(request.leaves) > MAX_LEAVES:
        raise Refused(Code.LIMIT, "too many texts")
    tests = [compile_leaf(leaf) for leaf in request.leaves]
    uids = unpack_uids(request.uids)
    indexed = words.indexed(connection)
    narrowed = [narrow(connection, request.mailbox, uids, leaf, indexed) for leaf in request.leaves]
    matches = [[] if each is None else each.sure for each in narrowed]
    looks = [None if each is None else frozenset(each.open) for each in narrowed]
    open_uids = uids if None in looks else sorted(frozenset[int]().union(*(look for look in looks if look)))
    reads_body = any(map(reads_bodies, compress(request.leaves, [look is None or look for look in looks])))
    picker = WHOLE if reads_body else HEADERS
    for page in picker.pages(connection, request.mailbox, open_uids, PAGE):
        for _, uid, *row in page:
            if clock() > until:
                raise Refused(Code.LIMIT, "the search took too long")
            candidate = _candidate(read_blob, *row)
            for found, test, look in zip(matches, tests, looks, strict=True):
                if (look is None or uid in look) and test(candidate):
                    found.append(uid)
    return Found(tuple(pack_u32(sorted(found)) for found in matches))


def _candidate(
    read_blob: ReadBlob, prefix: bytes, header_size: int, parts: bytes, date: int, location: str, octets: bytes
) -> Candidate:
    header = prefix + octets[:header_size]
    if location:
        return Candidate(header, parts, date, partial(read_blob, location))
    return Candidate(header, parts, date, lambda start, end: octets[start:end])
