"""SIGHUP: what is kept in files besides the configuration is read again, and sessions go on.

Most of it is taken up without a signal as well: certificates at the next handshake, passwords of the bus at the next
connection to a broker. Other settings need a new process.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable

import trio
from structlog.typing import FilteringBoundLogger

from shared.base.errors import EilpostError

Reload = Callable[[], object]


async def reload_on_hangup(reloads: Iterable[Reload], log: FilteringBoundLogger) -> None:
    """Run all ``reloads`` at each SIGHUP, for ever. One that cannot read its file keeps what it has."""
    with trio.open_signal_receiver(signal.SIGHUP) as hangups:
        async for _ in hangups:
            for reload in reloads:
                try:
                    reload()
                except (OSError, ValueError, EilpostError) as error:
                    log.error("process.not_reloaded", reason=str(error))
            log.info("process.reloaded")
