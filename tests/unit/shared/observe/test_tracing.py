"""Spans: how they hang together, and what they cost when nobody wants them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.base.ids import new_ulid
from shared.bus.memory import MemoryBroker
from shared.contracts import control
from shared.observe import metrics, tracing
from shared.observe.export import Exporter
from shared.observe.trace_context import first_span, trace_id
from shared.observe.tracing import Span, Tracer, TracingSettings
from tests.support.collector import collecting
from tests.support.house import until


@pytest.fixture
def told() -> Iterator[list[Span]]:
    """What a tracer of this process tells."""
    spans: list[Span] = []
    tracing.use(Tracer(spans.append))
    yield spans
    tracing.use(None)


async def _ping(trace: str) -> None:
    broker = MemoryBroker()
    storage, imap = broker.connect("storage", "s1"), broker.connect("imap", "i1")
    storage.serve(control.ping, lambda call: call.answer(control.Pong("s1")))
    await imap.call(control.ping, control.Ping(), trace=trace)


async def test_a_call_is_two_spans_of_its_trace(told: list[Span]) -> None:
    trace = new_ulid()
    await _ping(trace)
    server, client = told
    assert server.trace == client.trace == trace_id(trace)
    assert client.parent == first_span(client.trace)
    assert server.parent == client.id
    assert client.began <= server.began <= server.ended <= client.ended


async def test_what_no_letter_and_no_session_asks_is_not_told(told: list[Span]) -> None:
    await _ping("")
    assert told == []


async def test_calls_belong_to_what_was_entered(told: list[Span]) -> None:
    trace = new_ulid()
    assert tracing.tracer is not None
    command = tracing.tracer.enter("imap.NOOP", trace)
    await _ping(trace)
    tracing.tracer.end(command)
    await _ping(trace)
    assert command is not None
    assert [span.parent for span in told if span.kind is tracing.Kind.CLIENT] == [
        command.id,
        first_span(command.trace),
    ]


async def test_work_for_several_traces_is_one_of_its_own_with_links(told: list[Span]) -> None:
    letters, own = [new_ulid(), new_ulid()], new_ulid()
    assert tracing.tracer is not None
    with tracing.tracer.under("delivery.claim", letters, own):
        await _ping("")
    server, client, claim = told
    assert {server.trace, client.trace, claim.trace} == {trace_id(own)}
    assert [link.trace for link in claim.links] == [trace_id(each) for each in letters]
    with tracing.tracer.under("delivery.claim", letters[:1], own):
        await _ping("")
    assert {span.trace for span in told[3:]} == {trace_id(letters[0])}


def test_all_services_choose_the_same_traces() -> None:
    first: list[Span] = []
    second: list[Span] = []
    for spans in (first, second):
        tracer = Tracer(spans.append, sample=0.5)
        for number in range(1000):
            tracer.over("delivery.attempt", f"letter {number}", 0.1, {})
    assert [span.trace for span in first] == [span.trace for span in second]
    assert 400 < len(first) < 600


def test_a_collector_that_does_not_answer_costs_spans_and_nothing_else() -> None:
    dropped, failed = metrics.spans_total("dropped"), metrics.spans_total("failed")
    before = dropped._value.get(), failed._value.get()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exporter = Exporter("imap", "i1", f"http://127.0.0.1:{silent.getsockname()[1]}", queue=100)
        tracer = Tracer(exporter.put)
        began = time.perf_counter()
        for _ in range(1000):
            tracer.first("imap.session", new_ulid(), 1.0, {})
        exporter.stop(0.2)
        assert time.perf_counter() - began < 3
    assert dropped._value.get() - before[0] >= 300
    assert failed._value.get() == before[1]


def test_what_is_told_arrives() -> None:
    with collecting() as collector:
        exporter = Exporter("imap", "i1", collector.url, queue=1000)
        tracer = Tracer(exporter.put)
        trace = new_ulid()
        tracer.first("imap.session", trace, 1.5, {"imap.commands": 7}, error="gone")
        exporter.stop(5)
        until(lambda: bool(collector.spans), 5)
    (span,) = collector.spans
    assert (span.service, span.name, span.parent) == ("imap", "imap.session", "")
    assert span.trace == f"{trace_id(trace):032x}"
    assert 1.49 < span.seconds < 1.51
    assert span.attributes == {"imap.commands": "7", "eilpost.trace": trace}


def test_nothing_of_it_is_loaded_while_it_is_off() -> None:
    program = (
        "import sys, services.imap.app, services.smtp.app, services.delivery.app, services.storage.app\n"
        "sys.exit(any(name.startswith(('opentelemetry', 'google.protobuf', 'requests')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 0


async def test_while_it_is_off_no_span_is_made_and_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a span was made")

    monkeypatch.setattr(tracing, "Span", never)
    monkeypatch.setattr("shared.observe.trace_context.write", never)
    assert tracing.tracer is None
    await _ping(new_ulid())


@pytest.mark.parametrize("wrong", [{"endpoint": "collector:4318"}, {"sample": 1.5}, {"queue": 0}])
def test_settings_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|begins|lies"):
        TracingSettings(**wrong)
