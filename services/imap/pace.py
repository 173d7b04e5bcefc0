"""How fast an account may give commands, whichever of its sessions and of our processes it gives them to.

Each account has a minute's worth of commands to spend at once, which fills again as time passes. Who has none left is
answered as before, but not read from until there is one. Processes tell each other what busy accounts spent; a notice
that is lost is so much leniency.
"""

from __future__ import annotations

import trio

from shared.bus.client import Bus
from shared.contracts.control import Spent, spent

TELL = 2.0  # seconds between two notices to the other processes
WORTH_TELLING = 20  # commands of one account between two notices
LONGEST_PAUSE = 2.0  # seconds that one command may cost, so that a session still hears when it is to end


class Pace:
    """``per_minute`` commands of each account; 0 for no limit. Used from the trio loop only."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._rate = per_minute / 60
        self._left: dict[int, tuple[float, float]] = {}  # commands left, and when (trio clock)
        self._since: dict[int, int] = {}  # commands since the last notice

    def spend(self, account: int) -> float:
        """Count one command; the seconds to wait before the next one."""
        if not self._most:
            return 0.0
        self._since[account] = self._since.get(account, 0) + 1
        left = self._take(account, 1)
        return min(-left / self._rate, LONGEST_PAUSE) if left < 0 else 0.0

    def _take(self, account: int, commands: int) -> float:
        now = trio.current_time()
        left, when = self._left.get(account, (self._most, now))
        left = min(self._most, left + (now - when) * self._rate) - commands
        self._left[account] = left, now
        return left

    async def run(self, bus: Bus) -> None:
        """Tell and hear what is spent elsewhere, for ever."""

        def hear(told: Spent) -> None:
            if told.replica != bus.replica:
                for account, commands in zip(told.accounts, told.commands, strict=False):
                    self._take(account, commands)

        subscription = bus.subscribe(spent, hear)
        try:
            while self._most:
                await trio.sleep(TELL)
                self._tell(bus)
                self._forget()
        finally:
            subscription.close()

    def _tell(self, bus: Bus) -> None:
        busy = {account: commands for account, commands in self._since.items() if commands >= WORTH_TELLING}
        self._since.clear()
        if busy:
            bus.publish(spent, Spent(bus.replica, tuple(busy), tuple(busy.values())))

    def _forget(self) -> None:
        """Accounts that have all of their commands again."""
        now = trio.current_time()
        full = [
            account for account, (left, when) in self._left.items() if left + (now - when) * self._rate >= self._most
        ]
        for account in full:
            del self._left[account]


NO_LIMIT = Pace(0)
