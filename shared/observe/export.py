"""Sending spans to a collector, by OTLP over HTTP, from a thread of its own. Imported only where tracing is on.

A service hands spans over without waiting: what does not fit into the queue, or cannot be sent, is dropped and
counted. Nothing that a collector does or fails to do reaches a service.
"""

from __future__ import annotations

import logging
from collections import deque
from threading import Event, Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.observe import metrics
from shared.observe.trace_context import Place
from shared.observe.tracing import Kind, Span

BATCH = 512  # spans of one request
PAUSE = 1.0  # seconds between requests while there is little to send
TIMEOUT = 10  # seconds for one request, repeats included
_KINDS = {Kind.INTERNAL: SpanKind.INTERNAL, Kind.SERVER: SpanKind.SERVER, Kind.CLIENT: SpanKind.CLIENT}
_SCOPE = InstrumentationScope("eilpost")


class Exporter:
    """``put`` is for any thread. `stop` sends what is left."""

    def __init__(self, service: str, replica: str, endpoint: str, queue: int) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # it would write to stderr; we count
        self._resource = Resource.create(
            {"service.namespace": "eilpost", "service.name": service, "service.instance.id": replica}
        )
        self._exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=TIMEOUT)
        self._limit = queue
        self._spans: deque[Span] = deque()
        self._wake = Event()
        self._stopping = False
        self._dropped = metrics.spans_total("dropped")
        self._thread = Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def put(self, span: Span) -> None:
        """Hand over a span that is over. Never waits."""
        if len(self._spans) >= self._limit:
            self._dropped.inc()
            return
        self._spans.append(span)
        if len(self._spans) == BATCH:
            self._wake.set()

    def stop(self, seconds: float) -> None:
        """Send what waits, for at most ``seconds``."""
        self._stopping = True
        self._wake.set()
        self._thread.join(seconds)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(PAUSE)
            self._wake.clear()
            while self._spans:
                self._send([self._spans.popleft() for _ in range(min(BATCH, len(self._spans)))])

    def _send(self, spans: list[Span]) -> None:
        try:
            sent = self._exporter.export([self._readable(span) for span in spans]) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - whatever a collector answers, the thread goes on
            sent = False
        metrics.spans_total("sent" if sent else "failed").inc(len(spans))

    def _readable(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            name=span.name,
            context=_context(span.place),
            parent=_context(Place(span.trace, span.parent)) if span.parent else None,
            resource=self._resource,
            attributes=span.attributes,
            links=[Link(_context(place)) for place in span.links],
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=span.began,
            end_time=span.ended,
            instrumentation_scope=_SCOPE,
        )


def _context(place: Place) -> SpanContext:
    return SpanContext(place.trace, place.span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
