"""Resolutions, remembered until the directory changes.

Used by the loop, by readers and by the writer at once: entries are replaced whole, never changed. What was looked up
before a change became known is not remembered; whatever slips through (an event that was lost) lapses after a while.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from services.storage.forwarding import Forwarding
from services.storage.repositories import directory as facts_of
from services.storage.rules.postmaster import NOBODY, Appointed
from services.storage.rules.resolution import Found, resolve
from shared.contracts.directory import Resolution

MOST = 50_000
LONGEST = 300.0  # seconds
WHILE_LIMITED = 5.0  # where a quota may fill up meanwhile


class _Entry(NamedTuple):
    found: Found
    until: float


class Resolver:
    """``clock`` as everywhere in storage; ``separator``, ``deepest`` and ``appointed`` as in the settings."""

    def __init__(
        self,
        clock: Callable[[], float],
        separator: str,
        deepest: int,
        forwarding: Forwarding,
        appointed: Appointed = NOBODY,
    ) -> None:
        self._clock = clock
        self._separator = separator
        self._deepest = deepest
        self._forwarding = forwarding
        self._appointed = appointed
        self._entries: dict[str, _Entry] = {}
        self._generation = 0

    def forget(self) -> None:
        """The directory has changed."""
        self._generation += 1
        self._entries = {}

    def remembered(self, addresses: Sequence[str]) -> list[Found] | None:
        """The answers, if all of them are known."""
        now = self._clock()
        found = []
        for address in addresses:
            entry = self._entries.get(address)
            if entry is None or entry.until < now:
                return None
            found.append(entry.found)
        return found

    def find(self, connection: Connection, addresses: Collection[str]) -> dict[str, Found]:
        """The answers, looked up where they are not known."""
        now = self._clock()
        generation, entries = self._generation, self._entries
        answers: dict[str, Found] = {}
        missing: list[str] = []
        for address in addresses:
            entry = entries.get(address)
            if entry is not None and entry.until >= now:
                answers[address] = entry.found
            else:
                missing.append(address)
        if missing:
            facts = facts_of.load(connection, missing, self._separator, self._deepest, self._appointed)
            for address in missing:
                answers[address] = resolve(address, facts, self._separator, self._deepest, self._forwarding.original)
            if generation == self._generation:
                self._remember(entries, {address: answers[address] for address in missing}, now)
        return answers

    def resolve(self, connection: Connection, addresses: Collection[str]) -> dict[str, Resolution]:
        """As `find`, less what only the directory itself needs to know."""
        return {address: found.resolution for address, found in self.find(connection, addresses).items()}

    def _remember(self, entries: dict[str, _Entry], answers: dict[str, Found], now: float) -> None:
        if len(entries) + len(answers) > MOST:
            entries.clear()
        for address, found in answers.items():
            entries[address] = _Entry(found, now + (WHILE_LIMITED if found.limited else LONGEST))
