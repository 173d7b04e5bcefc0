"""What a process and storage tell each other while nothing else happens."""

from __future__ import annotations

import os
import time

import trio

from shared.base.release import release
from shared.bus.client import Bus
from shared.contracts import control
from shared.contracts.errors import Refused, Unavailable
from shared.runtime.health import Health

INTERVAL = 1.0  # seconds between two signs of life
ASK_INTERVAL = 5.0  # seconds between two questions to storage, while it answers


async def say_alive(service: str, replica: str, bus: Bus, health: Health) -> None:
    """Publish `control.alive` each second, for ever."""
    started = time.time()
    version = release()
    while True:
        bus.publish(
            control.alive,
            control.Alive(
                service,
                replica,
                os.getpid(),
                version,
                started,
                health.is_ready,
                health.draining,
                health.connections,
            ),
        )
        await trio.sleep(INTERVAL)


async def watch_storage(bus: Bus, health: Health) -> None:
    """Ask storage for a sign of life again and again; readiness follows its answers."""
    answers = False
    health.ready["storage"] = lambda: answers
    while True:
        try:
            await bus.call(control.ping, control.Ping())
            answers = True
        except (Unavailable, Refused):
            answers = False
        await trio.sleep(ASK_INTERVAL if answers else INTERVAL)
