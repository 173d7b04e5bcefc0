"""Metrics have the names that operators were promised, and every one of them counts something."""

from __future__ import annotations

import re

from shared.observe import metrics
from shared.observe.metrics import Family
from tests.architecture.log_calls import ROOT

# Name and labels; a family may have more labels than these.
PROMISED = {
    "connections": {"service", "listener"},  # the listener's name says whether TLS comes with it
    "connections_total": set[str](),
    "auth_total": {"service", "mech", "result"},
    "smtp_transactions_total": {"result", "code_class"},
    "smtp_command_seconds": set(),
    "imap_command_seconds": {"command"},
    "queue_messages": {"state"},
    "queue_oldest_seconds": set(),
    "delivery_attempts_total": {"result"},
    "delivery_seconds": set(),
    "storage_op_seconds": {"op"},
    "storage_errors_total": set(),
    "bus_rpc_seconds": {"subject", "result"},
    "bus_reconnects_total": set(),
    "bus_pending": set(),
    "dedupe_hits_total": set(),
    "loop_stall_seconds": set(),
    "worker_queue": set(),
    "sieve_runs_total": {"result"},
    "tls_cert_not_after_seconds": set(),
    "panics_total": set(),
}


def _families() -> dict[str, Family[metrics.AnyMetric]]:
    return {name: value for name, value in vars(metrics).items() if isinstance(value, Family)}


def test_what_was_promised_is_there() -> None:
    families = _families()
    for name, labels in PROMISED.items():
        assert labels <= set(families[name].labels), name


def test_names_say_their_kind() -> None:
    for name, family in _families().items():
        assert family.name == name
        assert name.endswith("_total") == (family.kind == "counter")
        assert family.kind != "histogram" or name.endswith("_seconds")


def test_every_one_is_counted_somewhere() -> None:
    sources = [
        path.read_text()
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent.name != "observe" or path.name == "export.py"
    ]
    for name in _families():
        assert any(re.search(rf"\b{name}[(,]", source) for source in sources), name
