"""What a process counts, in Prometheus's words. All names begin with ``eilpost_``.

Labels hold values that our code names, never what a peer chose. As the last line of defence a family keeps at most
`MAX_SERIES` combinations; what comes after them is counted under ``other``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

AnyMetric = Counter | Gauge | Histogram
M = TypeVar("M", bound=AnyMetric)

MAX_SERIES = 200
# A registry of their own for counters: in one, the library would take the counter eilpost_connections_total and the
# gauge eilpost_connections for the same metric.
_COUNTERS = CollectorRegistry()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Family(Generic[M]):
    """A metric with labels. ``family(value, ...)`` is the series of these label values; looking it up is cheap."""

    def __init__(self, kind: type[M], name: str, description: str, labels: tuple[str, ...], **options: Any) -> None:
        self.name = name  # without ``eilpost_``
        self.kind = kind.__name__.lower()
        self.description = description
        self.labels = labels
        self._metric = kind(f"eilpost_{name}", description, labels, **options)
        self._other = ("other",) * len(labels)
        self._series: dict[tuple[str, ...], M] = {}

    def __call__(self, *values: str) -> M:
        series = self._series.get(values)
        if series is None:
            if len(self._series) >= MAX_SERIES and values != self._other:
                return self(*self._other)
            series = self._series[values] = cast("M", self._metric.labels(*values))
        return series


def counter(name: str, description: str, *labels: str) -> Family[Counter]:
    """``eilpost_<name>``, a count that only grows."""
    return Family(Counter, name, description, labels, registry=_COUNTERS)


def gauge(name: str, description: str, *labels: str) -> Family[Gauge]:
    """``eilpost_<name>``, a value that rises and falls."""
    return Family(Gauge, name, description, labels)


def seconds(name: str, description: str, *labels: str) -> Family[Histogram]:
    """``eilpost_<name>``, a histogram of durations in seconds."""
    return Family(Histogram, name, description, labels, buckets=_SECONDS)


def on_read(family: Family[Gauge], read: Callable[[], float], *values: str) -> None:
    """Let the series be read from ``read`` whenever it is asked for."""
    family(*values).set_function(read)


def exposition() -> bytes:
    """All metrics of this process in the text format of `CONTENT_TYPE`."""
    return generate_latest(REGISTRY) + generate_latest(_COUNTERS)


connections = gauge("connections", "Open connections", "service", "listener")
connections_total = counter(
    "connections_total", "Connections by what became of them", "service", "listener", "result"
)
auth_total = counter("auth_total", "Logins", "service", "mech", "result")
smtp_transactions_total = counter("smtp_transactions_total", "Mail transactions", "result", "code_class")
smtp_command_seconds = seconds(
    "smtp_command_seconds", "Time to answer an SMTP command, its octets included", "command"
)
imap_command_seconds = seconds("imap_command_seconds", "Time to answer an IMAP command", "command")
pop3_command_seconds = seconds("pop3_command_seconds", "Time to answer a POP3 command", "command")
managesieve_command_seconds = seconds(
    "managesieve_command_seconds", "Time to answer a ManageSieve command", "command"
)
queue_messages = gauge("queue_messages", "Recipients in the spool", "state")
queue_oldest_seconds = gauge("queue_oldest_seconds", "Age of the oldest recipient in the spool", "state")
delivery_attempts_total = counter("delivery_attempts_total", "Delivery attempts", "result")
delivery_seconds = seconds("delivery_seconds", "From acceptance to the mailbox", "result")
sieve_runs_total = counter("sieve_runs_total", "Runs of a recipient's Sieve scripts", "result")
storage_op_seconds = seconds("storage_op_seconds", "Time to answer an operation, its wait included", "op")
storage_errors_total = counter("storage_errors_total", "Operations that failed by our own fault", "op")
storage_batch_size = gauge("storage_batch_size", "Requests in the last transaction", "kind")
bus_rpc_seconds = seconds("bus_rpc_seconds", "Time of a call over the bus, at the caller", "subject", "result")
bus_reconnects_total = counter("bus_reconnects_total", "Connections to the broker after the first", "service")
bus_pending = gauge("bus_pending", "Octets that wait to be sent to the broker", "service")
dedupe_hits_total = counter("dedupe_hits_total", "Writes answered from their record", "op")
worker_queue = gauge("worker_queue", "Work that waits for a thread", "kind")
loop_stall_seconds = seconds("loop_stall_seconds", "How long the event loop stood still", "service")
tls_cert_not_after_seconds = gauge("tls_cert_not_after_seconds", "End of the certificate, Unix time", "service")
spans_total = counter("spans_total", "Spans of traces by what became of them: sent, failed, dropped", "result")
panics_total = counter("panics_total", "Errors that are our bugs", "service")
