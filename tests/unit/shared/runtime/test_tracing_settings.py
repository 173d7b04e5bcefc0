"""Tracing is off, on, or refused before anything starts."""

from __future__ import annotations

import sys

import pytest

from shared.base.errors import ConfigurationError
from shared.observe import tracing
from shared.observe.tracing import TracingSettings
from shared.runtime.tracing import traced


def test_without_an_endpoint_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    with traced("imap", "i1", TracingSettings()):
        assert tracing.tracer is None


def test_the_usual_variable_names_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with traced("imap", "i1", TracingSettings()):
        assert tracing.tracer is not None
    assert tracing.tracer is None


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shared.observe.export", None)  # as if what it imports were not there
    refused = pytest.raises(ConfigurationError, match="opentelemetry")
    with refused, traced("imap", "i1", TracingSettings(endpoint="http://127.0.0.1:9")):
        pass
