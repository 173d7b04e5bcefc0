"""`metadata.*`: values that clients keep at mailboxes and at the server (RFC 5464)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Connection

from services.storage.config import Metadata
from services.storage.handlers.notices import tell_list
from services.storage.handlers.one_by_one import one_by_one
from services.storage.registry import AnyRow, read, write
from services.storage.repositories import administrators, mailbox_scripts, mailboxes, metadata, places
from services.storage.repositories.access import Access
from services.storage.repositories.ledger import Ledger, MailboxState
from services.storage.repositories.metadata import EVERYBODY, SERVER
from services.storage.rules.metadata import ADMIN, SPECIAL_USE, BadEntry, is_private, validate, wanted
from services.storage.rules.names import INBOX, special_use
from services.storage.rules.rights import ANNOTATING
from services.storage.unit_of_work import Asked, UnitOfWork
from shared.contracts import metadata as contract
from shared.contracts.directory import Done
from shared.contracts.errors import Code, Refused
from shared.contracts.metadata import (
    Annotated,
    Annotation,
    Found,
    Get,
    MetadataChange,
    Set,
    metadata_changed,
)

MAX_OCTETS = 600_000  # of one answer, unless a single mailbox has more
MOST_NAMES = 10_000  # in one question


def rows(settings: Metadata, administrating: Collection[str]) -> tuple[AnyRow, ...]:
    """All of the family."""
    return (
        read(contract.get, partial(get, settings)),
        write(contract.set, partial(one_by_one, partial(change, settings, administrating))),
    )


def get(settings: Metadata, connection: Connection, asked: Sequence[Asked[Get]]) -> list[Found | Refused]:
    """What each asker may see, of as many mailboxes as one frame takes."""
    return [_get(settings, connection, each) for each in asked]


def _get(settings: Metadata, connection: Connection, asked: Asked[Get]) -> Found | Refused:
    request = asked.request
    if len(request.names) > MOST_NAMES:
        return Refused(Code.LIMIT, "too many mailboxes")
    numbers = _numbers(connection, asked)
    known = [number for number in numbers.values() if isinstance(number, int)]
    names = None if request.depth else request.entries
    by_mailbox: dict[int, list[Annotation]] = {number: [] for number in known}
    for row in metadata.seen(connection, known, asked.account, names):
        if wanted(row.name, request.entries, request.depth):
            by_mailbox[row.mailbox].append(Annotation(row.name, row.value))
    if wanted(SPECIAL_USE, request.entries, request.depth):
        for number, use in mailboxes.special_uses(connection, asked.account, known):
            by_mailbox[number].append(Annotation(SPECIAL_USE, use.encode()))
    if SERVER in by_mailbox and settings.contact and wanted(ADMIN, request.entries, request.depth):
        by_mailbox[SERVER].append(Annotation(ADMIN, settings.contact.encode()))
    return _fitting(numbers, by_mailbox)


def _fitting(numbers: dict[str, int | Refused], by_mailbox: dict[int, list[Annotation]]) -> Found:
    found: list[Annotated] = []
    room = MAX_OCTETS
    for name, number in numbers.items():
        if isinstance(number, Refused):
            found.append(Annotated(name, (), number.code.value))
            continue
        here = tuple(by_mailbox[number])
        room -= sum(len(each.name) + len(each.value or b"") for each in here)
        if room < 0 and found:
            break
        found.append(Annotated(name, here))
    return Found(tuple(found))


def _numbers(connection: Connection, asked: Asked[Get]) -> dict[str, int | Refused]:
    """The mailbox behind each name, or why nothing is told of it."""
    where = {name: places.find(connection, asked.account, name) for name in asked.request.names if name}
    access = Access(Ledger(connection))
    access.ledger.load_names(where.values())
    numbers: dict[str, int | Refused] = {}
    for name in asked.request.names:
        if not name:
            numbers[name] = SERVER
            continue
        state = access.by_place(where[name], asked.account, "l")
        if isinstance(state, Refused):
            numbers[name] = state
        elif ANNOTATING.isdisjoint(access.rights(state, asked.account)):
            numbers[name] = Refused(Code.NO_RIGHT)
        else:
            numbers[name] = state.id
    return numbers


def change(settings: Metadata, administrating: Collection[str], work: UnitOfWork, asked: Asked[Set]) -> Done:
    """Set and remove, all or none."""
    request = asked.request
    try:
        given = {validate(each.name): each.value for each in request.annotations}
    except BadEntry as error:
        raise Refused(Code.CANNOT, str(error)) from error
    shares = any(not is_private(name) for name in given)
    state = _mailbox(work.connection, asked, shares) if request.name else None
    number = SERVER if state is None else state.id
    if number == SERVER and shares and not administrators.includes(work.connection, administrating, asked.account):
        raise Refused(Code.NO_RIGHT, "shared annotations of the server are set by administrators")
    if number == SERVER and ADMIN in given:
        raise Refused(Code.CANNOT, "the settings say whom to turn to")
    if SPECIAL_USE in given:
        _use(work, asked, state, given.pop(SPECIAL_USE))
    for whose in (EVERYBODY, asked.account):
        some = {name: value for name, value in given.items() if is_private(name) == (whose != EVERYBODY)}
        if some:
            _check(settings, metadata.sizes(work.connection, number, whose), some)
    for name, value in given.items():
        metadata.put(work.connection, number, asked.account if is_private(name) else EVERYBODY, name, value)
    if mailbox_scripts.ENTRY in given:
        _rescript(work.connection, state)
    _tell(work, number, asked, given)
    return Done()


def _use(work: UnitOfWork, asked: Asked[Set], state: MailboxState | None, value: bytes | None) -> None:
    """Another special use of a mailbox of one's own (RFC 6154 section 4); the one that had it has none any more."""
    if state is None:
        raise Refused(Code.CANNOT, "the server has no special use")
    if state.account.id != asked.account:
        raise Refused(Code.NO_RIGHT)
    use = special_use(value.decode("ascii", "replace")) if value else ""
    if value and (not use or state.name == INBOX):
        raise Refused(Code.CANNOT, "no mailbox may have this special use")
    others = mailboxes.set_special_use(work.connection, asked.account, state.id, use)
    tell_list(work, asked.account, asked.session)
    for number, author in [(state.id, asked.session), *((other, "") for other in others)]:
        notice = MetadataChange(number, asked.account, (SPECIAL_USE,), author)
        work.publish(metadata_changed, notice, key=number)


def _rescript(connection: Connection, state: MailboxState | None) -> None:
    """Another script is to run on what clients do: here, or (None) wherever no mailbox has its own."""
    if state is None:
        mailbox_scripts.resolve_all(connection)
    else:
        mailbox_scripts.resolve(connection, [state.account.id])


def _mailbox(connection: Connection, asked: Asked[Set], shares: bool) -> MailboxState:
    """Where the asker may annotate; what all see needs the right to change what all see."""
    place = places.find(connection, asked.account, asked.request.name)
    access = Access(Ledger(connection))
    access.ledger.load_names([place])
    state = access.by_place(place, asked.account, "l")
    if isinstance(state, Refused):
        raise state
    held = access.rights(state, asked.account)
    if ANNOTATING.isdisjoint(held) or (shares and "w" not in held):
        raise Refused(Code.NO_RIGHT)
    return state


def _check(settings: Metadata, sizes: dict[str, int], given: dict[str, bytes | None]) -> None:
    """Raise `Refused` where one of ``given`` would pass a limit; what shrinks or goes never does."""
    after = {name: size for name, size in sizes.items() if name not in given}
    for name, value in given.items():
        if value is None:
            continue
        if len(value) > settings.value:
            raise Refused(Code.LIMIT, "too long a value", data=f"size {settings.value}")
        after[name] = len(value)
    grows = len(after) > len(sizes) or sum(after.values()) > sum(sizes.values())
    if grows and (len(after) > settings.count or sum(after.values()) > settings.octets):
        raise Refused(Code.LIMIT, "too many annotations", data="count")


def _tell(work: UnitOfWork, number: int, asked: Asked[Set], given: Collection[str]) -> None:
    for whose in (EVERYBODY, asked.account):
        names = tuple(name for name in given if is_private(name) == (whose != EVERYBODY))
        if names:
            notice = MetadataChange(number, whose, names, asked.session)
            work.publish(metadata_changed, notice, key=number)
