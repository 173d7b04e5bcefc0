"""What storage knows and runs need: the letters under our claims, and answers to what scripts ask of the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing

from services.delivery.sieve.programs import Programs
from shared.bus.client import Bus
from shared.contracts import sieve as contract
from shared.contracts.sieve import SpooledLetter
from shared.contracts.spool import Fenced
from shared.net.bulk import fetch
from shared.sieve.outcome import Question

Facts = dict[Question, str | None]


async def letters(
    bus: Bus, wanted: Sequence[Fenced], whole: Collection[str], largest: int
) -> AsyncIterator[SpooledLetter]:
    """The letters that are still ours, each once: whole, up to ``largest`` octets, or their header blocks."""
    for is_whole in (False, True):
        rest = [one for one in wanted if (one.letter in whole) is is_whole]
        while rest:
            reply = await bus.call(contract.letters, contract.LettersRequest(tuple(rest), is_whole))
            for shown in reply.letters:
                yield await completed(shown, largest) if is_whole else shown
            rest = [one for one in rest if one.letter in reply.rest]


async def completed(shown: SpooledLetter, largest: int) -> SpooledLetter:
    """With the body that did not fit the bus, up to ``largest`` octets of it. Raises `Unavailable`."""
    if not shown.url:
        return shown
    prefix = shown.octets[: shown.prefix]
    pieces = [prefix]
    async with aclosing(fetch(shown.url, 0, min(shown.size - len(prefix), largest))) as body:
        async for piece in body:
            pieces.append(piece)
    return shown._replace(octets=b"".join(pieces))


async def answers(bus: Bus, programs: Programs, asked: Mapping[int, Sequence[Question]]) -> dict[int, Facts]:
    """Answers to the questions of accounts, by account."""
    found: dict[int, Facts] = {account: {} for account in asked}
    open_: list[contract.Question] = []
    for account, questions in asked.items():
        for question in questions:
            try:
                found[account][question] = programs.answer(question)
            except KeyError:
                open_.append(contract.Question(account, question.kind, question.arguments))
    while open_:
        reply = await bus.call(contract.facts, contract.FactsRequest(tuple(open_)))
        for (account, kind, arguments), answer in zip(open_, reply.answers, strict=False):
            found[account][Question(kind, arguments)] = answer
        open_ = open_[max(1, len(reply.answers)) :]
    return found
