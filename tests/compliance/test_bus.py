"""The promises of `shared.bus.client`, kept by every bus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from shared.bus.client import AnyCall
from shared.contracts import changes, control, directory, imap_events, maildrop, messages, metadata, restore, spool
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op, Repeat
from shared.contracts.subjects import EVENTS, OPERATIONS, SERVICES, permissions
from tests.support.broker import nats_server
from tests.support.stages import MemoryStage, NatsStage, Stage


@pytest.fixture(params=["memory", "ws", "nats"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    if request.param == "memory":
        yield MemoryStage()
        return
    async with nats_server(tmp_path) as server, trio.open_nursery() as nursery:
        url = server.ws if request.param == "ws" else server.nats
        yield NatsStage(server, url, nursery)
        nursery.cancel_scope.cancel()


def note(heard: list[Any], entry: object) -> Callable[[Any], None]:
    """A listener that notes ``entry`` for each event."""
    return lambda _event: heard.append(entry)


def pong(call: AnyCall) -> None:
    call.answer(control.Pong("here"))


async def test_call_is_answered_with_what_the_server_said(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("delivery")
    seen: list[AnyCall] = []

    def on_call(call: AnyCall) -> None:
        seen.append(call)
        call.answer(directory.Resolved((directory.Resolution("a@b", directory.Kind.LOCAL, (7,)),)))

    server.serve(directory.resolve, on_call)
    reply = await client.call(directory.resolve, directory.Resolve(("a@b",)), trace="T1")
    assert reply.resolutions[0].kind is directory.Kind.LOCAL
    assert seen[0].request == directory.Resolve(("a@b",))
    assert (seen[0].caller, seen[0].trace) == ("delivery", "T1")
    assert 0 < seen[0].deadline - trio.current_time() <= directory.resolve.deadline
    assert client.connected


async def test_answer_may_come_later_and_out_of_order(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("smtp")
    waiting: list[AnyCall] = []
    all_asked = trio.Event()

    def on_call(call: AnyCall) -> None:
        waiting.append(call)
        if len(waiting) == 3:
            all_asked.set()

    server.serve(directory.resolve, on_call)
    got: dict[str, str] = {}

    async def ask(name: str) -> None:
        reply = await client.call(directory.resolve, directory.Resolve((name,)))
        got[name] = reply.resolutions[0].address

    async with trio.open_nursery() as nursery:
        for name in ("a", "b", "c"):
            nursery.start_soon(ask, name)
        await all_asked.wait()
        for call in reversed(waiting):
            address = call.request.addresses[0]
            call.answer(directory.Resolved((directory.Resolution(address, directory.Kind.UNKNOWN),)))
    assert got == {"a": "a", "b": "b", "c": "c"}


async def test_refusal_reaches_the_caller_whole(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    server.serve(maildrop.open, lambda call: call.refuse(Code.IN_USE, "by another", "12"))
    with pytest.raises(Refused) as caught:
        await client.call(maildrop.open, maildrop.OpenRequest(b"g", "s"))
    assert (caught.value.code, caught.value.text, caught.value.data) == (Code.IN_USE, "by another", "12")


async def test_nobody_there_is_surely_not_executed(stage: Stage) -> None:
    client = await stage.connect("pop3")
    with pytest.raises(Unavailable) as caught:
        await client.call(control.ping, control.Ping(), timeout=0.3)
    assert caught.value.executed is False


async def test_server_that_comes_late_still_answers(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")

    async def come_late() -> None:
        await trio.sleep(0.3)
        server.serve(control.ping, pong)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(come_late)
        assert await client.call(control.ping, control.Ping()) == control.Pong("here")


async def test_silence_is_unknown(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    server.serve(control.ping, lambda call: None)
    with pytest.raises(Unavailable) as caught:
        await client.call(control.ping, control.Ping(), timeout=0.3)
    assert caught.value.executed is None


async def test_question_that_may_be_repeated_is(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    calls: list[AnyCall] = []

    def second_only(call: AnyCall) -> None:
        calls.append(call)
        if len(calls) == 2:
            pong(call)

    server.serve(control.ping, second_only)
    assert await client.call(control.ping, control.Ping()) == control.Pong("here")
    assert len(calls) == 2


async def test_write_without_key_is_asked_once(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("admin")
    calls: list[AnyCall] = []
    server.serve(directory.account_add, calls.append)
    with pytest.raises(Unavailable) as caught:
        await client.call(directory.account_add, directory.AccountsNew(()), timeout=2.5)
    assert len(calls) == 1
    assert caught.value.executed is None


async def test_cancelled_call_leaves_nothing_behind(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    calls: list[AnyCall] = []
    asked = trio.Event()

    def on_call(call: AnyCall) -> None:
        calls.append(call)
        asked.set()

    server.serve(control.ping, on_call)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.call, control.ping, control.Ping())
        await asked.wait()
        nursery.cancel_scope.cancel()
    pong(calls[0])
    await stage.settle()
    assert len(client.pending) == 0  # type: ignore[attr-defined]


async def test_two_answers_are_one(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")

    def twice(call: AnyCall) -> None:
        pong(call)
        call.refuse(Code.CANNOT)

    server.serve(control.ping, twice)
    for _ in range(3):
        assert await client.call(control.ping, control.Ping()) == control.Pong("here")


async def test_bug_in_a_server_is_an_answer_and_not_an_end(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")

    def broken(call: AnyCall) -> None:
        raise ZeroDivisionError

    server.serve(control.ping, broken)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            await client.call(control.ping, control.Ping())
        assert caught.value.code is Code.UNAVAILABLE
    assert server.connected


async def test_replicas_share_calls_but_all_hear_events(stage: Stage) -> None:
    one, two = await stage.connect("storage", "1"), await stage.connect("storage", "2")
    client = await stage.connect("pop3")
    counts = {"1": 0, "2": 0}

    def count(replica: str) -> Any:
        def on_call(call: AnyCall) -> None:
            counts[replica] += 1
            pong(call)

        return on_call

    one.serve(control.ping, count("1"))
    two.serve(control.ping, count("2"))
    heard: list[str] = []
    for bus in (one, two):
        bus.subscribe(directory.account_changed, note(heard, bus.replica))
    await stage.settle()
    for _ in range(40):
        await client.call(control.ping, control.Ping())
    one.publish(directory.account_changed, directory.AccountChanged(5, "a@b"))
    await stage.settle()
    assert sum(counts.values()) == 40
    assert min(counts.values()) > 0
    assert sorted(heard) == ["1", "2"]


async def test_doorbell_rings_at_one_replica(stage: Stage) -> None:
    storage = await stage.connect("storage")
    rung: list[str] = []
    for replica in ("1", "2", "3"):
        bus = await stage.connect("delivery", replica)
        bus.subscribe(spool.ready, note(rung, replica))
    await stage.settle()
    for _ in range(20):
        storage.publish(spool.ready, spool.Ready(1))
    await stage.settle()
    assert len(rung) == 20
    assert len(set(rung)) > 1


async def test_keyed_event_reaches_its_key_until_closed(stage: Stage) -> None:
    storage, imap = await stage.connect("storage"), await stage.connect("imap")
    seven: list[int] = []
    every: list[int] = []
    subscription = imap.subscribe(changes.list_changed, lambda e: seven.append(e.account), key=7)
    imap.subscribe(changes.list_changed, lambda e: every.append(e.account))
    await stage.settle()
    for account in (7, 8):
        storage.publish(changes.list_changed, changes.ListChange(account), key=account)
    await stage.settle()
    subscription.close()
    storage.publish(changes.list_changed, changes.ListChange(7), key=7)
    await stage.settle()
    assert seven == [7]
    assert every == [7, 8, 7]


async def test_bug_in_a_listener_does_not_end_the_bus(stage: Stage) -> None:
    storage, imap = await stage.connect("storage"), await stage.connect("imap")
    heard: list[int] = []

    def listen(event: changes.ListChange) -> None:
        heard.append(event.account)
        raise ZeroDivisionError

    imap.subscribe(changes.list_changed, listen)
    await stage.settle()
    for account in (1, 2):
        storage.publish(changes.list_changed, changes.ListChange(account), key=account)
    await stage.settle()
    assert heard == [1, 2]


async def test_large_payloads_cross_both_ways(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("imap")
    octets = bytes(range(256)) * 3600  # 921,600

    def on_call(call: AnyCall) -> None:
        call.answer(messages.RowsReply(call.request.uids))

    server.serve(messages.rows, on_call)
    async with trio.open_nursery() as nursery:

        async def ask() -> None:
            reply = await client.call(messages.rows, messages.RowsRequest(b"g", 1, octets, 1))
            assert reply.uids == octets

        for _ in range(6):
            nursery.start_soon(ask)


async def test_what_is_too_large_fails_at_once(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("imap")
    server.serve(messages.rows, lambda call: call.answer(messages.RowsReply(bytes(1_100_000))))
    with pytest.raises(Refused) as caught:
        await client.call(messages.rows, messages.RowsRequest(b"g", 1, bytes(1_100_000), 1))
    assert caught.value.code is Code.LIMIT
    with pytest.raises(Refused) as caught:
        await client.call(messages.rows, messages.RowsRequest(b"g", 1, b"", 1))
    assert caught.value.code is Code.UNAVAILABLE
    server.publish(changes.mailbox_changed, changes.Change(1, 1, 2, 3, vanished=bytes(1_100_000)), key=1)
    await stage.settle()
    assert client.connected
    assert server.connected


async def test_case_69_malformed_request_is_refused(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    server.serve(maildrop.hold, pong)
    lying: Op[Any, Any] = Op(maildrop.hold.name, control.Pong, control.Pong, maildrop.POP3, 2.0, Repeat.SAFE)
    with pytest.raises(Refused) as caught:
        await client.call(lying, control.Pong("not a hold"))
    assert caught.value.code is Code.MALFORMED


async def test_case_68_death_of_the_broker_is_survived(stage: Stage) -> None:
    server, client, imap = [await stage.connect(name) for name in ("storage", "pop3", "imap")]
    server.serve(control.ping, pong)
    gaps: list[str] = []
    heard: list[int] = []
    imap.subscribe(changes.list_changed, lambda e: heard.append(e.account), on_gap=lambda: gaps.append("gap"))
    await client.call(control.ping, control.Ping())
    await stage.sever()
    assert not client.connected
    server.publish(changes.list_changed, changes.ListChange(1), key=1)
    with pytest.raises(Unavailable) as caught:
        await client.call(control.ping, control.Ping(), timeout=0.2)
    assert caught.value.executed is False
    answered = trio.Event()

    async def ask_meanwhile() -> None:
        await client.call(maildrop.hold, maildrop.Hold(b"g", "s", 1))
        answered.set()

    server.serve(maildrop.hold, lambda call: call.answer(directory.Done()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_meanwhile)
        await trio.sleep(0.1)
        await stage.restore()
    assert answered.is_set()
    assert gaps == ["gap"]
    server.publish(changes.list_changed, changes.ListChange(2), key=2)
    await stage.settle()
    assert heard == [2]


async def test_subscription_made_while_disconnected_stands_later(stage: Stage) -> None:
    server, client = await stage.connect("storage"), await stage.connect("pop3")
    await stage.sever()
    closed = server.serve(maildrop.hold, pong)
    closed.close()
    server.serve(control.ping, pong)
    await stage.restore()
    assert await client.call(control.ping, control.Ping()) == control.Pong("here")
    with pytest.raises(Unavailable):
        await client.call(maildrop.hold, maildrop.Hold(b"", "", 0), timeout=0.2)


@pytest.mark.parametrize("service", sorted(SERVICES))
async def test_case_69_a_service_can_do_nothing_outside_its_list(stage: Stage, service: str) -> None:
    """Every operation it may not call is refused, every event it may not publish or hear stays unheard."""
    bus = await stage.connect(service)
    for op in OPERATIONS.values():
        if service not in op.callers:
            with pytest.raises(Refused) as caught:
                await bus.call(op, op.request._make([None] * len(op.request._fields)), timeout=2)
            assert caught.value.code is Code.FORBIDDEN
    assert bus.connected


async def test_case_69_events_reach_only_those_that_may_listen(stage: Stage) -> None:
    publishers = {service: await stage.connect(service, "p") for service in sorted(SERVICES)}
    heard: list[tuple[str, str]] = []
    for service in sorted(SERVICES):
        bus = await stage.connect(service, "l")
        for event in EVENTS.values():
            bus.subscribe(event, note(heard, (service, event.name)))
    await stage.settle()
    samples: dict[str, Any] = {
        "changes.mailbox": changes.Change(1, 1, 2, 3),
        "changes.list": changes.ListChange(1),
        "changes.metadata": metadata.MetadataChange(1, 0, ("/shared/comment",)),
        "control.alive": control.Alive("s", "r", 1, "v", 0.0, True, False, 0),
        "control.serving": control.Serving("r"),
        "control.spent": control.Spent("r", (1,), (20,)),
        "directory.changed": directory.AccountChanged(1, "a"),
        "restore.stage": restore.Stage(True),
        "imapsieve.ready": imap_events.Ready(1),
        "spool.ready": spool.Ready(1),
    }
    held = control.Held("r", (1,), (20,))
    samples |= {event.name: held for event in (*control.CONNECTIONS.values(), control.imap_sessions)}
    assert samples.keys() == EVENTS.keys()
    expected: list[tuple[str, str]] = []
    for publisher, bus in publishers.items():
        for event in EVENTS.values():
            bus.publish(event, samples[event.name], key=1 if event.keyed else None)
            if publisher in event.publishers:
                expected += [(listener, event.name) for listener in event.listeners]
    await stage.settle()
    await stage.settle()
    assert sorted(heard) == sorted(expected)


def test_nobody_may_listen_to_the_inbox_of_another() -> None:
    for service in SERVICES:
        inboxes = [pattern for pattern in permissions(service).subscribe if pattern.startswith("_INBOX")]
        assert inboxes == [f"_INBOX.{service}.>"]


async def test_a_call_that_a_dead_server_swallowed_is_asked_again_when_one_comes_up(stage: Stage) -> None:
    dead, caller = await stage.connect("storage", "dead"), await stage.connect("imap", "a")
    swallowed = trio.Event()
    silent = dead.serve(control.ping, lambda _call: swallowed.set())
    await stage.settle()
    started = trio.current_time()
    async with trio.open_nursery() as nursery:
        answers: list[control.Pong] = []

        async def ask() -> None:
            answers.append(await caller.call(control.ping, control.Ping()))

        nursery.start_soon(ask)
        await swallowed.wait()
        silent.close()
        successor = await stage.connect("storage", "successor")
        successor.serve(control.ping, lambda call: call.answer(control.Pong("successor")))
        await stage.settle()
        successor.publish(control.serving, control.Serving("successor"))
    assert answers == [control.Pong("successor")]
    assert trio.current_time() - started < 0.9  # well before the first try's time-out


async def test_who_withdraws_serves_what_is_under_way(stage: Stage) -> None:
    server, other, client = [await stage.connect(*who) for who in (("storage", "1"), ("storage", "2"), ("pop3", "1"))]
    served: list[Any] = []

    def serve(name: str) -> Callable[[AnyCall], None]:
        def answer(call: AnyCall) -> None:
            served.append(name)
            call.answer(control.Pong(name))

        return answer

    first = server.serve(control.ping, serve("1"))
    await stage.settle()
    answers: list[control.Pong] = []

    async def ask() -> None:
        with trio.fail_after(0.9):  # a question that fell between two would be asked again after a second
            answers.append(await client.call(control.ping, control.Ping()))

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask)
        other.serve(control.ping, serve("2"))
        await trio.lowlevel.checkpoint()
        await server.withdraw([first])
        so_far = served.count("1")
    assert len(answers) == 100
    assert served.count("1") == so_far
