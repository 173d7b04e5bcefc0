"""The call that files: all of a batch in one `messages.deliver`, cut only where the bus would not carry it.

A filing that storage cannot digest must not hold up its neighbours: a batch that is refused again and again is
halved until the culprit stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import trio

from shared.bus.client import Bus
from shared.contracts import messages
from shared.contracts.errors import Code, Refused
from shared.contracts.messages import Changed, Deliver, Effects, Filing, FilingResult, Target

OCTETS = 500_000  # of one call, roughly; the bus carries 1 MB
_FILING, _TARGET = 96, 32  # octets of one beside its texts
_TRIES = 3  # of a batch that is refused as unavailable: storage may just be busy
_PAUSE = 0.5  # seconds before the second try; doubles


async def file_all(bus: Bus, filings: Sequence[Filing]) -> list[FilingResult]:
    """One result for each filing. Raises `Unavailable` when nobody answered; then any may or may not be filed."""
    results: list[FilingResult] = []
    for chunk in _chunks(filings):
        results += await _file(bus, chunk, _TRIES)
    return results


async def _file(bus: Bus, filings: Sequence[Filing], tries: int) -> list[FilingResult]:
    for attempt in range(tries):
        try:
            return list((await bus.call(messages.deliver, Deliver(tuple(filings)))).results)
        except Refused as error:
            refused = error
        if refused.code is not Code.UNAVAILABLE:
            break
        await trio.sleep(_PAUSE * 2**attempt)
    if len(filings) == 1:
        one = filings[0]
        return [FilingResult(one.letter, one.number, refused.code.value, refused.text)]
    middle = len(filings) // 2
    return await _file(bus, filings[:middle], 1) + await _file(bus, filings[middle:], 1)


def _chunks(filings: Sequence[Filing]) -> Iterator[Sequence[Filing]]:
    """``filings`` in runs that one call can carry."""
    start = octets = 0
    for index, filing in enumerate(filings):
        size = weight(filing.targets, filing.effects) + sum([len(address) + 4 for address in filing.forwards])
        if octets + size > OCTETS and index > start:
            yield filings[start:index]
            start, octets = index, 0
        octets += size
    if start < len(filings):
        yield filings[start:]


def weight(targets: Sequence[Target], effects: Effects | None) -> int:
    """About what a filing costs on the bus, in octets."""
    size = _FILING + sum([_TARGET + len(target.prefix) + _octets(target.changed) for target in targets])
    return size if effects is None else size + _effects(effects)


def _octets(changed: Changed | None) -> int:
    """About what a changed message costs on the bus."""
    if changed is None:
        return 0
    body, summary = changed
    return len(body.octets) + len(summary.envelope) + len(summary.body_structure) + len(summary.parts) + 1_000


def _effects(effects: Effects) -> int:
    size = 200 * len(effects.memories) + sum([4 * len(note.text) + 16 for note in effects.notes])
    for mailing in effects.mailings:
        copies = sum([_TARGET + _octets(copy.changed) for copy in mailing.copies])
        size += 500 + len(mailing.prefix) + _octets(mailing.changed) + copies
    return size
