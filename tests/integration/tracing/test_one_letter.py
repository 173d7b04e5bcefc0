"""A letter's walk as one trace: smtp, storage, delivery, storage; and a session of IMAP as another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.observe.trace_context import first_span, trace_id
from tests.integration.mail import imap, letter, new_account, send, wait_messages
from tests.support.collector import Collector, Told, collecting
from tests.support.house import House, running_house, until


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def traced_house(collector: Collector) -> Iterator[House]:
    with running_house(environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}) as started:
        yield started


def test_a_letter_is_one_trace(traced_house: House, collector: Collector) -> None:
    address = new_account(traced_house)
    send(traced_house, address, letter(address, "Traced"))
    wait_messages(traced_house, address, 1)
    spans = _settled(
        collector, ("smtp", "smtp.transaction"), ("storage", "messages.deliver"), ("delivery", "delivery.claim")
    )
    (first,) = [span for span in spans if not span.parent]
    assert (first.service, first.name) == ("smtp", "smtp.transaction")
    queue_id = first.attributes["eilpost.trace"]
    assert first.trace == f"{trace_id(queue_id):032x}"  # the id in logs and in headers, in other digits
    assert first.id == f"{first_span(trace_id(queue_id)):016x}"
    assert f'"trace":"{queue_id}"' in traced_house.log.read_text()
    _walks(
        spans,
        ("smtp", "smtp.transaction"),
        ("smtp", "spool.accept"),
        ("storage", "spool.accept"),
        ("storage", "storage.commit"),
    )
    _walks(
        spans,
        ("smtp", "smtp.transaction"),
        ("delivery", "delivery.claim"),
        ("delivery", "messages.deliver"),
        ("storage", "messages.deliver"),
        ("storage", "storage.commit"),
    )
    (attempt,) = [span for span in spans if span.name == "delivery.attempt"]
    assert attempt.attributes["delivery.status"] == "sent"
    assert address not in repr(spans)


def test_a_session_of_imap_is_one_trace(traced_house: House, collector: Collector) -> None:
    address = new_account(traced_house)
    client = imap(traced_house, address, None)
    client.status("INBOX", "(MESSAGES)")
    client.logout()
    spans = _settled(collector, ("imap", "imap.session"), ("imap", "imap.LOGOUT"), ("storage", "mailboxes.status"))
    _walks(
        spans,
        ("imap", "imap.session"),
        ("imap", "imap.STATUS"),
        ("imap", "mailboxes.status"),
        ("storage", "mailboxes.status"),
        ("storage", "storage.read"),
    )


def _settled(collector: Collector, *wanted: tuple[str, str]) -> list[Told]:
    """The newest trace that has all ``wanted`` spans, by service and name, and whose spans all have their parents."""
    found: list[Told] = []

    def whole() -> bool:
        found.clear()
        for newest in dict.fromkeys(span.trace for span in reversed(collector.spans)):
            spans = collector.trace(newest)
            ids = {span.id for span in spans} | {""}
            if {(span.service, span.name) for span in spans}.issuperset(wanted) and all(
                span.parent in ids for span in spans
            ):
                found.extend(spans)
                return True
        return False

    until(whole, 20, lambda: "\n".join(f"{span.trace} {span.service} {span.name}" for span in collector.spans))
    return found


def _walks(spans: list[Told], *steps: tuple[str, str]) -> None:
    """Each step, by service and name, is a part of the one before."""
    parents = [""]
    for step in steps:
        here = [span.id for span in spans if (span.service, span.name) == step and span.parent in parents]
        assert here, (step, spans)
        parents = here
