"""Tracing of a process, where its configuration wants it: an extra, which costs nothing where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.base.errors import ConfigurationError
from shared.observe import tracing
from shared.observe.tracing import Tracer, TracingSettings

LAST_SECONDS = 3.0  # at the end of the process, for what was not sent yet


@contextmanager
def traced(service: str, replica: str, settings: TracingSettings) -> Iterator[None]:
    """Record spans inside. Raises `ConfigurationError` where the extra is wanted and not installed."""
    if not settings.endpoint:
        yield
        return
    try:
        from shared.observe.export import Exporter
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "[tracing]", "endpoint", f"{error.name} is not installed", "install eilpost[opentelemetry]"
        ) from error
    exporter = Exporter(service, replica, settings.endpoint, settings.queue)
    tracing.use(Tracer(exporter.put, settings.sample))
    try:
        yield
    finally:
        tracing.use(None)
        exporter.stop(LAST_SECONDS)
