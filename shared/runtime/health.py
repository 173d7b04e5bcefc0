"""Signs of life: is the loop turning, may work come, what was counted.

Live means that the loop answers, whatever else is broken: restarting a process does not mend a database. Ready means
that every check holds and that the process is not draining.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import trio
from structlog.typing import FilteringBoundLogger

from shared.net.certificate import not_after
from shared.net.http import Request, Response, serve_http
from shared.net.listener import ListenerSpec
from shared.observe import metrics
from shared.runtime.health_settings import HealthSettings
from shared.runtime.settings import TlsSettings

Check = Callable[[], bool]
_TICK = 0.05  # seconds between two looks at the clock
_CERTIFICATE_LOOK = 60.0  # seconds between two looks at the certificate


class Health:
    """What one process says of itself. ``ready["name"] = check`` adds a condition of readiness."""

    def __init__(self, service: str) -> None:
        self.ready: dict[str, Check] = {}
        self.connections = 0
        self.draining = False
        self.cut = False  # sessions were cut off while draining
        self._service = service

    def failing(self) -> list[str]:
        """The names of the checks that do not hold."""
        return [name for name, check in self.ready.items() if not check()]

    @property
    def is_ready(self) -> bool:
        return not self.draining and not self.failing()

    # What listeners report (`shared.net.listener.ConnectionCounts`).

    def opened(self, listener: str) -> None:
        self.connections += 1
        metrics.connections(self._service, listener).inc()
        metrics.connections_total(self._service, listener, "accepted").inc()

    def closed(self, listener: str) -> None:
        self.connections -= 1
        metrics.connections(self._service, listener).dec()

    def refused(self, listener: str) -> None:
        metrics.connections_total(self._service, listener, "refused").inc()

    def failed(self, listener: str) -> None:
        metrics.panics_total(self._service).inc()

    async def answer(self, request: Request) -> Response:
        """The three pages of the health port."""
        if request.method not in ("GET", "HEAD"):
            return Response(405, headers=(("Allow", "GET, HEAD"),))
        match request.target.partition("?")[0]:
            case "/livez":
                return Response(200, b"live\n")
            case "/readyz":
                problems = ["draining"] * self.draining + self.failing()
                return Response(503, f"{', '.join(problems)}\n".encode()) if problems else Response(200, b"ready\n")
            case "/metrics":
                return Response(200, metrics.exposition(), (("Content-Type", metrics.CONTENT_TYPE),))
        return Response(404)


async def serve_health(health: Health, settings: HealthSettings, log: FilteringBoundLogger) -> None:
    """Answer on the health port for ever, also while draining. Returns at once when it is off."""
    if settings.port == 0:
        return
    spec = ListenerSpec("health", settings.host, settings.port, "none")
    await serve_http([spec], health.answer, draining=trio.Event(), drain_timeout=0, log=log)


async def watch_loop(service: str, threshold: float, log: FilteringBoundLogger) -> None:
    """Report when the event loop stood still for longer than ``threshold`` seconds, for ever."""
    stalls = metrics.loop_stall_seconds(service)
    while True:
        due = trio.current_time() + _TICK
        await trio.sleep(_TICK)
        late = trio.current_time() - due
        if late > threshold:
            stalls.observe(late)
            log.warning("loop.stall", seconds=round(late, 3))


async def watch_certificate(service: str, settings: TlsSettings) -> None:
    """Keep the metric of the certificate's end up to date, for ever."""
    while settings.certificate is not None:
        with suppress(OSError, ValueError):
            metrics.tls_cert_not_after_seconds(service).set(not_after(settings.certificate))
        await trio.sleep(_CERTIFICATE_LOOK)
