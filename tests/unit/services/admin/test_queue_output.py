"""``eilpost queue list --json`` in the words of ``postqueue -j``, and ``eilpost trace``."""

from __future__ import annotations

import time

import pytest
from click.testing import CliRunner

from services.admin.queue import WAITING as WAITING_STATES
from services.admin.queue import as_postqueue, queue
from services.admin.trace import walk
from shared.contracts.spool import Acted, QueueAct, QueueLetter, QueueRecipient


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


def test_what_its_sender_put_off_is_deferred_until_then_and_came_when_it_came() -> None:
    accepted = time.time() + 3600
    put_off = letter(WAITING._replace(attempts=0, reason=""))._replace(
        id="01M854YGDEQVRQP4H9683D3PFZ", accepted=accepted
    )
    shown = as_postqueue(put_off)
    assert shown["queue_name"] == "deferred"
    assert shown["arrival_time"] == 1_795_469_296
    assert "'delay_reason': 'its sender wants it to leave at 20" in str(shown["recipients"])
    assert "accepted by ESMTP" in "\n".join(walk(put_off))


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (["retry", "--all"], "deferred"),
        (["retry", "--domain", "x.example"], "deferred"),
        (["retry", "--all", "--state", "ready"], "ready"),
        (["retry", "--all", "--state", "failed"], "failed"),
        (["retry", "01ABC"], ""),
        (["drop", "--all"], "waiting"),
        (["drop", "--sender", "a@x.example", "--state", "failed"], "failed"),
        (["drop", "01ABC"], ""),
        (["hold", "--all"], ""),
    ],
)
def test_acts_on_many_leave_alone_what_nobody_named(
    arguments: list[str], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[QueueAct] = []

    def ask(config: object, op: object, request: QueueAct) -> Acted:
        asked.append(request)
        return Acted(1)

    monkeypatch.setattr("services.admin.queue.ask", ask)
    result = CliRunner().invoke(queue, arguments)
    assert (result.exit_code, result.output) == (0, "1 letter\n")
    assert [each.filter.state for each in asked] == [state]


def test_a_report_was_written_here() -> None:
    assert "  written here\n" in "\n".join(walk(letter(FILED)._replace(protocol="", client="", helo="")))


def test_a_walk_tells_each_recipient_s_fate() -> None:
    lines = "\n".join(walk(letter(WAITING, FILED)))
    assert "accepted by ESMTP from 192.0.2.1" in lines
    assert "<bob@example.org> filed in INBOX/7" in lines
    assert "<far@example.net> 2 tries so far" in lines
    assert "4.4.1 connection refused" in lines
