"""Waiting until storage answers on a bus that has just been opened."""

from __future__ import annotations

import trio

from shared.bus.client import Bus
from shared.contracts import control
from shared.contracts.errors import Unavailable


async def answering(bus: Bus, seconds: float = 40.0) -> None:
    """Raises `trio.TooSlowError`."""
    with trio.fail_after(seconds):
        while True:
            try:
                await bus.call(control.ping, control.Ping(), timeout=1.0)
            except Unavailable:
                await trio.sleep(0.05)
            else:
                return
