"""What delivery asks before it runs scripts: their texts, the letters, and what scripts ask of the world.

A letter is shown to whoever holds its claim, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from services.storage.blobs.tickets import Tickets
from services.storage.registry import AnyRow, read
from services.storage.repositories import mailboxes, metadata, scripts, sieve_memories, spooled
from services.storage.repositories.metadata import SERVER
from services.storage.repositories.spooled import Spooled
from services.storage.rules.mailbox_finding import number_of
from services.storage.rules.names import canonical
from services.storage.unit_of_work import Asked
from shared.contracts import sieve as contract
from shared.contracts.sieve import (
    Active,
    ActiveRequest,
    ActiveScript,
    Facts,
    FactsRequest,
    Letters,
    LettersRequest,
    Question,
    SpooledLetter,
)

MOST_OCTETS = 700_000  # of a reply
MAILBOX_QUESTIONS = frozenset({"mailbox-exists", "mailbox-id", "metadata", "special-use"})
EACH = 300  # octets of one item beside its texts
WHOLE = 256 * 1024  # octets of a letter that travels whole


def rows(tickets: Tickets, clock: Callable[[], float]) -> tuple[AnyRow, ...]:
    """These rows of the family."""
    return (
        read(contract.active, active),
        read(contract.letters, partial(letters, tickets)),
        read(contract.facts, partial(facts, clock)),
    )


def active(connection: Connection, asked: Sequence[Asked[ActiveRequest]]) -> list[Active]:
    """The texts of active scripts."""
    found = scripts.active(connection, {number for each in asked for number in each.request.accounts})
    return [_active(each.request.accounts, found) for each in asked]


def _active(accounts: Sequence[int], found: dict[int, tuple[str, bytes]]) -> Active:
    texts: list[ActiveScript] = []
    octets = 0
    for place, number in enumerate(accounts):
        if number not in found:
            continue
        octets += EACH + len(found[number][1])
        if octets > MOST_OCTETS and texts:
            return Active(tuple(texts), tuple(accounts[place:]))
        texts.append(ActiveScript(number, *found[number]))
    return Active(tuple(texts))


def letters(tickets: Tickets, connection: Connection, asked: Sequence[Asked[LettersRequest]]) -> list[Letters]:
    """Letters under their claims."""
    return [_letters(tickets, connection, each.request) for each in asked]


def _letters(tickets: Tickets, connection: Connection, request: LettersRequest) -> Letters:
    fences = dict(request.letters)
    rows = spooled.find(connection, list(fences))
    mine = [row for row in rows if row.fence == fences[row.letter]]
    shown: list[Spooled] = []
    octets = 0
    for row in mine:
        octets += EACH + len(row.parts) + _shown(row, whole=request.whole)
        if octets > MOST_OCTETS and shown:
            break
        shown.append(row)
    texts = spooled.octets(connection, shown, whole=[row for row in shown if _is_whole(row, request.whole)])
    return Letters(
        tuple([_letter(tickets, row, text) for row, text in zip(shown, texts, strict=True)]),
        tuple([row.letter for row in mine[len(shown) :]]),
    )


def _is_whole(row: Spooled, wanted: bool) -> bool:
    return wanted and not row.location and row.size <= WHOLE


def _shown(row: Spooled, *, whole: bool) -> int:
    return row.size if _is_whole(row, whole) else row.header_size + len(row.prefix)


def _letter(tickets: Tickets, row: Spooled, octets: bytes) -> SpooledLetter:
    content = row.size - len(row.prefix)
    return SpooledLetter(
        row.letter,
        row.prefix + octets,
        row.size,
        len(row.prefix),
        b"" if row.prefix else row.parts,
        tickets.download_url(row.location, content) if row.location else "",
        row.envelope_id,
        row.ret,
        row.client,
        row.helo,
        row.submitter or "",
    )


def facts(clock: Callable[[], float], connection: Connection, asked: Sequence[Asked[FactsRequest]]) -> list[Facts]:
    """Answers to the questions of scripts."""
    world = World(connection, clock(), [question for each in asked for question in each.request.questions])
    return [Facts(tuple(_fitting(map(world.answer, each.request.questions)))) for each in asked]


def _fitting(answers: Iterable[str | None]) -> Iterator[str | None]:
    octets = 0
    for place, answer in enumerate(answers):
        octets += 8 + 4 * len(answer or "")
        if octets > MOST_OCTETS and place:
            return
        yield answer


class World:
    """What several scripts ask, looked up with one statement for each kind."""

    def __init__(self, connection: Connection, now: float, questions: Sequence[Question]) -> None:
        self._connection = connection
        named = {each.account for each in questions if each.kind in MAILBOX_QUESTIONS}
        self._mailboxes: dict[int, list[Any]] = {number: [] for number in named}
        for row in mailboxes.names(connection, named) if named else ():
            self._mailboxes[row.account_id].append(row)
        self._annotations = self._noted(questions)
        seen = {(each.account, each.arguments[0]) for each in questions if each.kind == "seen" and each.arguments}
        self._seen = sieve_memories.live(connection, now, seen)

    def _noted(self, questions: Sequence[Question]) -> dict[tuple[int, int, str], str]:
        """Annotations by account, mailbox (0 for the server) and name."""
        names: dict[int, set[str]] = {}
        for account, kind, arguments in questions:
            if kind in ("metadata", "server-metadata") and arguments:
                names.setdefault(account, set()).add(arguments[-1])
        found = {}
        for account, some in names.items():
            places = [SERVER, *[row.id for row in self._mailboxes.get(account, [])]]
            for mailbox, name, value in metadata.seen(self._connection, places, account, sorted(some)):
                found[account, mailbox, name] = value.decode("utf-8", "replace")
        return found

    def answer(self, question: Question) -> str | None:
        """One answer; what nobody can answer is no."""
        account, kind, arguments = question
        if kind == "seen" and len(arguments) == 1:
            return "yes" if (account, arguments[0]) in self._seen else None
        if kind == "script" and len(arguments) == 2 and arguments[0] == "personal":
            octets = scripts.read(self._connection, account, arguments[1])
            return None if octets is None else octets.decode("utf-8", "replace")
        if kind == "server-metadata" and len(arguments) == 1:
            return self._annotations.get((account, SERVER, arguments[0]))
        own = self._mailboxes.get(account, [])
        if kind == "metadata" and len(arguments) == 2:
            named = canonical(arguments[0])
            number = next((row.id for row in own if row.name == named), SERVER)
            return self._annotations.get((account, number, arguments[1])) if number else None
        if kind == "mailbox-exists" and len(arguments) == 1:
            name = canonical(arguments[0])
            return "yes" if any(row.name == name for row in own) else None
        if kind == "mailbox-id" and len(arguments) == 1:
            number = number_of(arguments[0])
            return "yes" if number and any(row.id == number for row in own) else None
        if kind == "special-use" and len(arguments) == 2:
            return "yes" if any(_has_use(row, *arguments) for row in own) else None
        return None


def _has_use(row: Any, use: str, name: str) -> bool:
    return row.special_use.lower() == use.lower() and (not name or row.name == canonical(name))
