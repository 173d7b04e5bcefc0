"""When a letter that could not be delivered is tried again. Pure: times are arguments, in Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass

_DOUBLINGS = 32  # more would change nothing but the size of the number


@dataclass(frozen=True, slots=True)
class Schedule:
    """Exponential back-off between two bounds until a letter is too old. All in seconds."""

    first: float
    longest: float
    give_up: float

    def next_attempt(self, accepted: float, now: float, attempts: int) -> float | None:
        """The time of the next attempt after ``attempts`` earlier ones and this; None to give up.

        The last attempt is made when the letter is ``give_up`` old.
        """
        deadline = accepted + self.give_up
        if now >= deadline:
            return None
        delay = min(self.longest, self.first * 2.0 ** min(attempts, _DOUBLINGS))
        return min(now + delay, deadline)
