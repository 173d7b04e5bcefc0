"""What an app gets from the process that runs it."""

from __future__ import annotations

import gc
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

import trio
from structlog.typing import FilteringBoundLogger

from shared.base.clock import SteadyClock
from shared.bus.client import Bus
from shared.contracts.control import CONNECTIONS
from shared.net.limits import Admission
from shared.net.listener import Handler, ListenerSpec, serve_connections
from shared.runtime.health import Health
from shared.runtime.reload import Reload
from shared.runtime.settings import Common
from shared.runtime.siblings import Siblings
from shared.runtime.supervisor import keep

S = TypeVar("S")


@dataclass(frozen=True)
class Process(Generic[S]):
    """One replica of a service at run time."""

    service: str
    replica: str
    settings: S
    common: Common
    bus: Bus
    log: FilteringBoundLogger
    draining: trio.Event  # set once: finish what is in hand, take nothing new
    health: Health
    tls: ssl.SSLContext | None
    reloads: list[Reload] = field(default_factory=list)  # what SIGHUP runs
    clock: Callable[[], float] = field(default_factory=lambda: SteadyClock(time.time()))
    source: str = "configuration"  # the file, as `ConfigurationError` names it

    async def serve(
        self,
        specs: Sequence[ListenerSpec],
        handler: Handler,
        *,
        too_many: Callable[[ListenerSpec], bytes] | None = None,
        drain_timeout: float | None = None,
    ) -> None:
        """`serve_connections` with what this process has: returns after draining. Ready once it listens."""
        listening = False

        def note(_: object) -> None:
            nonlocal listening
            listening = True
            gc.freeze()  # what lives as long as the process is not looked at again

        self.health.ready["listeners"] = lambda: listening
        limits = self.common.limits
        admission = Admission(limits)
        siblings = Siblings(self.bus, CONNECTIONS[self.service], admission.held, limits.connections_per_address)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(keep, "siblings", siblings.run, log=self.log))
            ended = await serve_connections(
                specs,
                handler,
                tls=self.tls,
                limits=limits,
                admission=admission,
                draining=self.draining,
                drain_timeout=self.common.drain.timeout if drain_timeout is None else drain_timeout,
                log=self.log,
                metrics=self.health,
                too_many=too_many,
                on_listening=note,
            )
            nursery.cancel_scope.cancel()
        self.health.cut = self.health.cut or not ended
