"""``eilpost queue list --json`` in the words of ``postqueue -j``, and ``eilpost trace``."""

from __future__ import annotations

from services.admin.queue import WAITING as WAITING_STATES
from services.admin.queue import as_postqueue
from services.admin.trace import walk
from shared.contracts.spool import QueueLetter, QueueRecipient


def letter(*recipients: QueueRecipient) -> QueueLetter:
    return QueueLetter(
        "01ABC", "01TRACE", "anna@example.org", 4096, 1_700_000_000.5, "<1@example.org>", "Hi", "192.0.2.1", "host",
        "ESMTP", recipients
    )  # fmt: skip


WAITING = QueueRecipient(0, "far@example.net", "ready", 2, 1_700_000_600.0, "4.4.1", "connection refused", 0.0)
FILED = QueueRecipient(1, "bob@example.org", "done", 1, 0.0, "2.0.0", "", 1_700_000_001.0, filed="INBOX/7")


def test_a_deferred_letter_shows_only_who_waits() -> None:
    shown = as_postqueue(letter(WAITING, FILED))
    assert shown["queue_name"] == "deferred"
    assert shown["queue_id"] == "01ABC"
    assert shown["arrival_time"] == 1_700_000_000
    assert shown["message_size"] == 4096
    assert shown["forced_expire"] is False
    assert shown["recipients"] == [
        {
            "address": "far@example.net",
            "delay_reason": "connection refused",
            "state": "ready",
            "attempts": 2,
            "next_attempt": 1_700_000_600,
            "dsn": "4.4.1",
        }
    ]


def test_a_fresh_letter_is_active_and_a_held_one_on_hold() -> None:
    assert as_postqueue(letter(WAITING._replace(attempts=0)))["queue_name"] == "active"
    assert as_postqueue(letter(WAITING._replace(state="held")))["queue_name"] == "hold"


def test_a_letter_is_where_postfix_would_have_it() -> None:
    failed = WAITING._replace(number=2, state="failed")
    held = WAITING._replace(number=3, state="held")
    assert as_postqueue(letter(failed))["queue_name"] == "failed"
    assert as_postqueue(letter(failed, held))["queue_name"] == "hold"
    assert as_postqueue(letter(failed, held, WAITING))["queue_name"] == "deferred"
    assert as_postqueue(letter(FILED))["queue_name"] == "done"


def test_who_has_failed_waits_no_longer() -> None:
    shown = as_postqueue(letter(WAITING._replace(state="failed"), WAITING._replace(number=2)), WAITING_STATES)
    assert shown["queue_name"] == "deferred"
    recipients = shown["recipients"]
    assert isinstance(recipients, list)
    assert [each["state"] for each in recipients] == ["ready"]


def test_a_walk_tells_each_recipient_s_fate() -> None:
    lines = "\n".join(walk(letter(WAITING, FILED)))
    assert "accepted by ESMTP from 192.0.2.1" in lines
    assert "<bob@example.org> filed in INBOX/7" in lines
    assert "<far@example.net> 2 tries so far" in lines
    assert "4.4.1 connection refused" in lines
