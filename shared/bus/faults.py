"""Seeded misfortune for the memory broker: what a real bus may do to a message, with what probability."""

from __future__ import annotations

import random
from dataclasses import dataclass

OVERTAKEN = 0.01  # seconds that a reordered message stays behind


@dataclass(frozen=True)
class Faults:
    """Probabilities between 0 and 1 for each message of one kind; ``slowest`` is the longest delay in seconds."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    slowest: float = 2.0

    def delays(self, chance: random.Random) -> list[float]:
        """When each copy arrives, in seconds from now: none when it is lost, two when it is doubled."""
        if chance.random() < self.drop:
            return []
        copies = 2 if chance.random() < self.double else 1
        return [self._delay(chance) for _ in range(copies)]

    def _delay(self, chance: random.Random) -> float:
        if chance.random() < self.delay:
            return chance.uniform(0.0, self.slowest)
        return chance.uniform(0.0, OVERTAKEN) if chance.random() < self.reorder else 0.0


@dataclass(frozen=True)
class FaultPlan:
    """Faults for each kind of message."""

    question: Faults = Faults()
    answer: Faults = Faults()
    event: Faults = Faults()


NO_FAULTS = FaultPlan()
