"""The whole delivery service over a memory bus, with an honest spool at the other end and a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import structlog
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock, wait_all_tasks_blocked

from services.delivery import pipeline
from services.delivery.app import deliver
from services.delivery.config import DeliverySettings
from services.delivery.house import House
from services.delivery.routing import Task, Trouble, route
from shared.bus.faults import FaultPlan, Faults
from shared.bus.memory import MemoryBroker
from shared.contracts.directory import Kind, Resolution
from shared.contracts.spool import Due, Letter
from shared.protocols.dns import SERVFAIL, Answer, Question
from tests.support.spool import Entry, FakeSpool, local

FOREIGN = Resolution("bob@elsewhere.example", Kind.FOREIGN)
UNKNOWN = Resolution("gone@example.org", Kind.UNKNOWN)


class NoNames:
    """A DNS that knows nothing at the moment."""

    async def ask(self, question: Question) -> Answer:
        return SERVFAIL


class Stage:
    """A broker, a spool and delivery replicas, started when asked."""

    def __init__(self, nursery: trio.Nursery, faults: FaultPlan, seed: int, settings: DeliverySettings) -> None:
        self.broker = MemoryBroker(seed, faults)
        self.storage = self.broker.connect("storage", "s1")
        self.spool = FakeSpool(self.storage)
        self.spool.serve()
        self.settings = settings
        self.draining = trio.Event()
        self._nursery = nursery

    def start(self, replica: str = "d1") -> trio.Event:
        """A delivery replica; the event is set when it has ended by itself."""
        bus = self.broker.connect("delivery", replica)
        done = trio.Event()

        async def live() -> None:
            log = structlog.get_logger()
            house = House(bus, self.settings, self.draining, log, trio.current_time, "mx.example.org")
            await deliver(house, NoNames())
            done.set()

        self._nursery.start_soon(live)
        return done

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> float:
        """Wait for a condition of the spool; the time that it took."""
        start = trio.current_time()
        with trio.fail_after(seconds):
            while not holds():
                await self.spool.changed.wait()
        return trio.current_time() - start


@asynccontextmanager
async def staged(
    faults: FaultPlan | None = None, seed: int = 1, settings: DeliverySettings | None = None
) -> AsyncIterator[Stage]:
    async with trio.open_nursery() as nursery:
        yield Stage(nursery, faults or FaultPlan(), seed, settings or DeliverySettings())
        nursery.cancel_scope.cancel()


def is_done(entry: Entry) -> bool:
    return all(waiting.state == "done" for waiting in entry.recipients)


async def test_letter_reaches_the_inbox_with_its_trace_lines(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.start()
        entry = stage.spool.accept("L1", local(7))
        await stage.until(lambda: is_done(entry))
        assert stage.spool.mailboxes == {
            7: [("L1", b"Return-Path: <ann@example.net>\r\nDelivered-To: user7@example.org\r\n")]
        }


def test_what_is_judged_to_be_junk_goes_to_junk() -> None:
    resolution = local(7)
    due = Due(1, resolution.address, 0, resolution)
    for junk, name in ((False, "INBOX"), (True, "Junk")):
        (task,) = route(Letter("L1", 1, "", "a@b.example", 0.0, 1, "", False, (due,), junk=junk))
        assert task.filing is not None
        assert [(target.mailbox, target.create) for target in task.filing.targets] == [(name, junk)]


async def test_bounce_has_an_empty_return_path(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.start()
        entry = stage.spool.accept("L1", local(7), sender="")
        await stage.until(lambda: is_done(entry))
        assert stage.spool.mailboxes[7][0][1].startswith(b"Return-Path: <>\r\n")


async def test_the_bell_makes_it_fast(autojump_clock: MockClock) -> None:
    async with staged(settings=DeliverySettings(poll=100.0)) as stage:
        stage.start()
        await trio.sleep(1)
        entry = stage.spool.accept("L1", local(7))
        assert await stage.until(lambda: is_done(entry)) < 0.5


async def test_lost_doorbell_costs_one_poll(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.start()
        await trio.sleep(0.5)
        stage.spool.quiet = True
        entry = stage.spool.accept("L1", local(7))
        assert await stage.until(lambda: is_done(entry)) <= 1.1


async def test_letters_that_wait_together_are_one_batch_and_one_call(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.quiet = True
        entries = [stage.spool.accept(f"L{number}", local(number)) for number in range(30)]
        stage.start()
        await stage.until(lambda: all(map(is_done, entries)))
        assert stage.spool.claims[0] == 30
        assert stage.spool.deliveries == 1


async def test_more_than_a_batch_is_claimed_at_once_without_a_bell(autojump_clock: MockClock) -> None:
    async with staged(settings=DeliverySettings(batch=10, poll=100.0)) as stage:
        stage.spool.quiet = True
        entries = [stage.spool.accept(f"L{number}", local(number)) for number in range(35)]
        stage.start()
        await stage.until(lambda: all(map(is_done, entries)), 5)


async def test_foreign_recipient_waits_with_a_clear_reason_and_is_tried_on_schedule(
    autojump_clock: MockClock,
) -> None:
    async with staged() as stage:
        stage.start()
        entry = stage.spool.accept("L1", local(7), FOREIGN)
        waiting = entry.recipients[1]
        await stage.until(lambda: entry.recipients[0].state == "done" and waiting.outcome is not None)
        assert waiting.outcome is not None
        assert (waiting.state, waiting.outcome.code) == ("ready", "4.4.3")
        assert waiting.outcome.reason == "the DNS does not say who takes mail for elsewhere.example"
        assert waiting.outcome.next_attempt - trio.current_time() > 290
        await trio.sleep(1000)
        assert waiting.due.attempts == 3
        assert len(stage.spool.mailboxes[7]) == 1


async def test_letter_too_old_bounces(autojump_clock: MockClock) -> None:
    async with staged(settings=DeliverySettings(give_up=900.0)) as stage:
        stage.start()
        entry = stage.spool.accept("L1", FOREIGN)
        assert await stage.until(lambda: entry.recipients[0].state == "failed", 1000) >= 900
        outcome = entry.recipients[0].outcome
        assert outcome is not None
        assert outcome.code == "5.4.7"
        assert "4.4.3" in outcome.reason
        assert [report.recipient for report in stage.spool.reports] == ["ann@example.net"]


async def test_recipient_that_vanished_bounces(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.start()
        entry = stage.spool.accept("L1", UNKNOWN)
        await stage.until(lambda: entry.recipients[0].state == "failed")
        assert [report.recipient for report in stage.spool.reports] == ["ann@example.net"]


async def test_full_mailbox_waits_and_is_filed_when_there_is_room(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.full.add(7)
        stage.start()
        entry = stage.spool.accept("L1", local(7), local(8))
        waiting = entry.recipients[0]
        await stage.until(lambda: waiting.outcome is not None)
        assert waiting.outcome is not None
        assert waiting.outcome.code == "4.2.2"
        assert entry.recipients[1].state == "done"
        stage.spool.full.clear()
        await stage.until(lambda: is_done(entry), 400)


async def test_full_mailbox_is_not_waited_for_where_the_settings_say_so(autojump_clock: MockClock) -> None:
    async with staged(settings=DeliverySettings(full_mailbox="refuse")) as stage:
        stage.spool.full.add(7)
        stage.start()
        entry = stage.spool.accept("L1", local(7), local(8))
        await stage.until(lambda: entry.recipients[0].state == "failed")
        assert entry.recipients[0].outcome is not None
        assert entry.recipients[0].outcome.code == "5.2.2"
        assert [report.recipient for report in stage.spool.reports] == ["ann@example.net"]


async def test_forwards_join_the_letter_and_are_served_without_waiting_for_the_lease(
    autojump_clock: MockClock,
) -> None:
    async with staged() as stage:
        stage.start()
        entry = stage.spool.accept("L1", local(7, forwards=("bob@elsewhere.example",)))
        await stage.until(lambda: len(entry.recipients) == 2 and entry.recipients[1].outcome is not None, 3)
        assert entry.recipients[0].state == "done"


async def test_lost_replies_and_doubled_questions_file_once(autojump_clock: MockClock) -> None:
    harsh = Faults(drop=0.2, double=0.2, delay=0.2, reorder=0.2)
    for seed in range(4):
        async with staged(FaultPlan(harsh, harsh, harsh), seed) as stage:
            stage.start("d1")
            stage.start("d2")
            entries = []
            for number in range(40):
                entries.append(stage.spool.accept(f"L{number}", local(number)))
                await trio.sleep(0.05)
            await stage.until(lambda: all(map(is_done, entries)), 600)  # noqa: B023 - it ends before the next
            assert all(len(copies) == 1 for copies in stage.spool.mailboxes.values())
            assert len(stage.spool.mailboxes) == 40


async def test_dead_worker_s_letters_come_back_when_the_lease_lapses(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.quiet = True
        entry = stage.spool.accept("L1", local(7))
        entry.fence, entry.lease_until = 1, 40.0  # claimed by somebody who died
        stage.start()
        assert 39 < await stage.until(lambda: is_done(entry), 60) < 42


async def test_work_under_a_lease_lost_meanwhile_is_dropped(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.full.add(7)
        entry = stage.spool.accept("L1", local(7))

        def steal() -> None:
            entry.fence += 1

        stage.spool.settling = steal
        with capture_logs() as lines:
            stage.start()
            await stage.until(lambda: entry.fence == 2)
            await wait_all_tasks_blocked()
        assert [line["status"] for line in lines if line["event"] == "delivery.attempt"] == ["stale"]
        assert entry.recipients[0].outcome is None


async def test_storage_silent_for_minutes_delays_and_loses_nothing(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.start()
        await trio.sleep(2)
        stage.broker.sever(stage.storage)
        stage.spool.quiet = True
        entry = stage.spool.accept("L1", local(7))
        await trio.sleep(300)
        assert not is_done(entry)
        stage.broker.restore(stage.storage)
        await stage.until(lambda: is_done(entry), 30)


async def test_leases_are_renewed_while_storage_cannot_be_reached_for_filing(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.deaf = True  # does not answer `messages.deliver`
        stage.start()
        entry = stage.spool.accept("L1", local(7))
        await trio.sleep(200)
        assert (entry.claims, entry.fence) == (1, 1)
        assert entry.lease_until > trio.current_time()
        stage.spool.deaf = False
        await stage.until(lambda: is_done(entry), 30)
        assert entry.claims == 1


async def test_letter_that_storage_cannot_digest_does_not_hold_up_its_neighbours(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.refuse.add("L5")
        stage.spool.quiet = True
        entries = [stage.spool.accept(f"L{number}", local(number)) for number in range(9)]
        stage.start()
        bad = entries.pop(5)
        await stage.until(lambda: all(map(is_done, entries)) and bad.recipients[0].outcome is not None, 30)
        assert bad.recipients[0].outcome is not None
        assert bad.recipients[0].outcome.code == "4.3.0"


async def test_letter_that_meets_a_bug_leaves_its_neighbours_alone(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def route_or_break(letter: Letter, full: Trouble) -> list[Task]:
        if letter.id == "L5":
            raise IndexError("a bug")
        return route(letter, full)

    monkeypatch.setattr(pipeline, "route", route_or_break)
    async with staged() as stage:
        stage.spool.quiet = True
        entries = [stage.spool.accept(f"L{number}", local(number)) for number in range(9)]
        stage.start()
        bad = entries.pop(5)
        await stage.until(lambda: all(map(is_done, entries)), 5)
        await stage.until(lambda: bad.claims == 3, 130)
        assert bad.recipients[0].state == "ready"


async def test_drain_finishes_what_is_in_hand_and_claims_no_more(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        entry = stage.spool.accept("L1", local(7))
        done = stage.start()
        await stage.until(lambda: bool(stage.spool.claims))
        stage.draining.set()
        with trio.fail_after(10):
            await done.wait()
        assert is_done(entry)
        claims = len(stage.spool.claims)
        stage.spool.accept("L2", local(7))
        await trio.sleep(60)
        assert len(stage.spool.claims) == claims


async def test_drain_hands_back_what_cannot_be_finished(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.deaf = True
        entry = stage.spool.accept("L1", local(7))
        done = stage.start()
        await stage.until(lambda: entry.fence == 1)
        stage.draining.set()
        with trio.fail_after(15):
            await done.wait()
        assert entry.recipients[0].state == "ready"
        assert entry.lease_until == 0, "others need not wait for its end"


async def test_drain_without_storage_ends_and_leaves_the_letter_to_its_lease(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        stage.spool.deaf = True
        entry = stage.spool.accept("L1", local(7))
        done = stage.start()
        await stage.until(lambda: entry.fence == 1)
        stage.draining.set()
        stage.broker.sever(stage.storage)
        with trio.fail_after(30):
            await done.wait()
        assert entry.recipients[0].state == "ready"
        assert entry.lease_until > 0


async def test_every_attempt_and_every_claim_is_one_line(autojump_clock: MockClock) -> None:
    async with staged() as stage:
        with capture_logs() as lines:
            stage.start()
            entry = stage.spool.accept("L1", local(7), FOREIGN)
            await stage.until(lambda: entry.recipients[1].outcome is not None)
            await wait_all_tasks_blocked()
        assert entry.recipients[0].state == "done"
        attempts = {line["to"]: line for line in lines if line["event"] == "delivery.attempt"}
        sent, waits = attempts["user7@example.org"], attempts["bob@elsewhere.example"]
        assert (sent["status"], sent["relay"], sent["dsn"], sent["filed"]) == ("sent", "local", "2.0.0", "7/1")
        assert sent["delays"].count("/") == 3
        assert (waits["status"], waits["relay"], waits["dsn"]) == ("deferred", "none", "4.4.3")
        claim = next(line for line in lines if line["event"] == "delivery.claim")
        assert (claim["letters"], claim["sent"], claim["deferred"]) == (1, 1, 0)
