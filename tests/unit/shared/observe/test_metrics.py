from __future__ import annotations

from shared.observe import metrics


def series(name: str) -> list[str]:
    return [line for line in metrics.exposition().decode().splitlines() if line.startswith(name)]


def test_a_series_counts_under_its_labels() -> None:
    letters = metrics.counter("test_letters_total", "A test", "service", "result")
    letters("imap", "ok").inc()
    letters("imap", "ok").inc(2)
    assert 'eilpost_test_letters_total{result="ok",service="imap"} 3.0' in series("eilpost_test_letters_total")


def test_random_labels_make_no_endless_series() -> None:
    family = metrics.counter("test_names_total", "A test", "name")
    for number in range(100_000):
        family(f"name{number}").inc()
    found = series("eilpost_test_names_total")
    assert len(found) == metrics.MAX_SERIES + 1
    assert any('name="other"' in line for line in found)


def test_a_gauge_can_be_read_when_asked_for() -> None:
    depth = 3
    metrics.on_read(metrics.worker_queue, lambda: depth, "test")
    depth = 5
    assert 'eilpost_worker_queue{kind="test"} 5.0' in series("eilpost_worker_queue")


def test_a_histogram_and_a_gauge_of_the_same_name_as_a_counter_live_together() -> None:
    metrics.connections("imap", "imaps").inc()
    metrics.connections_total("imap", "imaps", "accepted").inc()
    metrics.imap_command_seconds("FETCH").observe(0.002)
    assert series('eilpost_connections{listener="imaps"')
    assert series('eilpost_connections_total{listener="imaps"')
    assert series("eilpost_imap_command_seconds_bucket")
