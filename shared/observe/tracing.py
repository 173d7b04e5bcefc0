"""Spans: what took how long, within the walk of one letter or one session. Off unless ``[tracing] endpoint`` is set.

Who has something to tell asks `tracer` first, which is None as long as tracing is off: then nothing is made, measured
or sent. No span is needed to make another: the first span of a trace has an id that follows from the trace's, so it
is told when it ends, like the line of the log that it mirrors. Spans hold no addresses; logs do, under the same id.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from os import environ
from time import time_ns

from shared.observe import trace_context
from shared.observe.trace_context import Place

Value = str | int | float | bool
_CUT = 256  # characters of a text
_NOTHING: Mapping[str, Value] = {}
_identify = random.Random().getrandbits  # noqa: S311 - span ids need to differ, not to be guarded


@dataclass(frozen=True)
class TracingSettings:
    """Section ``[tracing]``. The rest is as OpenTelemetry's own environment variables say."""

    # Where OTLP over HTTP is taken: http://collector:4318. Empty: off.
    endpoint: str = field(default_factory=lambda: environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", ""))
    sample: float = 1.0  # share of letters and sessions that are traced; all services choose the same ones
    queue: int = 8192  # spans that wait to be sent; what comes after them is dropped, and counted

    def __post_init__(self) -> None:
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise ValueError("endpoint begins with http:// or https://")
        if not 0 <= self.sample <= 1:
            raise ValueError("sample lies between 0 and 1")
        if self.queue < 1:
            raise ValueError("queue must be at least 1")


class Kind(Enum):
    """OpenTelemetry's kinds that occur here."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"


class Span:
    """Something that begins and ends. Times are in nanoseconds of Unix time; ``parent`` 0 is none."""

    __slots__ = ("attributes", "began", "ended", "error", "id", "kind", "links", "name", "parent", "trace")

    def __init__(self, name: str, kind: Kind, place: Place, parent: int, began: int) -> None:
        self.name = name
        self.kind = kind
        self.trace, self.id = place
        self.parent = parent
        self.began = began
        self.ended = 0
        self.attributes: Mapping[str, Value] = _NOTHING
        self.error = ""
        self.links: tuple[Place, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.trace, self.id)


class Tracer:
    """Makes spans and gives them to ``export``, which never blocks and may be called in any thread."""

    def __init__(self, export: Callable[[Span], None], sample: float = 1.0) -> None:
        self._export = export
        self._below = int(sample * (1 << 32))
        self._open: dict[int, int] = {}  # trace: the span in it that calls are made for
        self._ambient: ContextVar[str] = ContextVar("trace", default="")

    def ambient(self) -> str:
        """The trace of what this task works on, where it was told (`under`)."""
        return self._ambient.get()

    # --- spans that end later ---

    def client(self, name: str, trace: str) -> Span | None:
        """A call to another service begins; None when ``trace`` is empty or not chosen."""
        return self._begin(name, Kind.CLIENT, trace)

    def server(self, name: str, trace: str, traceparent: bytes) -> Span | None:
        """A call from another service has come."""
        caller = trace_context.read(traceparent)
        if caller is None:
            return self._begin(name, Kind.SERVER, trace)
        return Span(name, Kind.SERVER, Place(caller.trace, self._fresh()), caller.span, time_ns())

    def enter(self, name: str, trace: str) -> Span | None:
        """Something begins that the calls under ``trace`` are made for until it ends."""
        span = self._begin(name, Kind.SERVER, trace)
        if span is not None:
            self._open[span.trace] = span.id
        return span

    def end(self, span: Span | None, attributes: Mapping[str, Value] = _NOTHING, error: str = "") -> None:
        """It is over; ``error`` says what went wrong."""
        if span is None:
            return
        span.ended = time_ns()
        span.attributes = attributes
        span.error = error[:_CUT]
        if self._open.get(span.trace) == span.id:
            del self._open[span.trace]
        self._export(span)

    # --- spans that are over ---

    def first(self, name: str, trace: str, seconds: float, attributes: Mapping[str, Value], error: str = "") -> None:
        """What the trace began with has just ended and took ``seconds``."""
        number = trace_context.trace_id(trace)
        if self._chosen(number):
            place = Place(number, trace_context.first_span(number))
            self._told(Span(name, Kind.SERVER, place, 0, 0), seconds, {**attributes, "eilpost.trace": trace}, error)

    def over(self, name: str, trace: str, seconds: float, attributes: Mapping[str, Value], error: str = "") -> None:
        """A part of ``trace`` has just ended and took ``seconds``."""
        span = self._begin(name, Kind.INTERNAL, trace)
        if span is not None:
            self._told(span, seconds, attributes, error)

    def within(self, parent: Span, name: str, began: int, ended: int, attributes: Mapping[str, Value]) -> None:
        """A part of ``parent``, by its times."""
        span = Span(name, Kind.INTERNAL, Place(parent.trace, self._fresh()), parent.id, began)
        span.ended = ended
        span.attributes = attributes
        self._export(span)

    @contextmanager
    def under(self, name: str, traces: list[str], own: str) -> Iterator[None]:
        """What this task, and those that it starts, asks other services is for all of ``traces``.

        Of a single one it becomes a part; several are linked from ``own``, a trace for the purpose.
        """
        trace = traces[0] if len(traces) == 1 else own
        token = self._ambient.set(trace)
        span = self.enter(name, trace)
        if span is not None and trace == own:
            numbers = map(trace_context.trace_id, traces)
            span.links = tuple([Place(each, trace_context.first_span(each)) for each in numbers])
        try:
            yield
        finally:
            self._ambient.reset(token)
            self.end(span, {"eilpost.letters": len(traces)})

    # --- inside ---

    def _begin(self, name: str, kind: Kind, trace: str) -> Span | None:
        if not trace:
            return None
        number = trace_context.trace_id(trace)
        if not self._chosen(number):
            return None
        parent = self._open.get(number) or trace_context.first_span(number)
        return Span(name, kind, Place(number, self._fresh()), parent, time_ns())

    def _told(self, span: Span, seconds: float, attributes: Mapping[str, Value], error: str) -> None:
        span.ended = time_ns()
        span.began = span.ended - int(seconds * 1e9)
        span.attributes = attributes
        span.error = error[:_CUT]
        self._export(span)

    def _chosen(self, trace: int) -> bool:
        return trace & 0xFFFFFFFF < self._below

    def _fresh(self) -> int:
        return _identify(64) or 1


tracer: Tracer | None = None


def use(new: Tracer | None) -> None:
    """Switch tracing on for this process, or off."""
    global tracer
    tracer = new
