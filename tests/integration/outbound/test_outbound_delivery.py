"""Letters to other servers, from the spool to a sink: each way that a server can answer, and what becomes of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from services.delivery.config import DeliverySettings
from services.delivery.outbound.config import RouteSettings
from shared.contracts import directory
from shared.contracts.spool import Recipient
from tests.support.outbound_stage import outbound_stage
from tests.support.sink import DROP, Received, Sink, sink

ANN = "ann@elsewhere.example"
HOUR = 3_600.0
LEVELS = ("may", "none")


def two_ways(server: Sink) -> tuple[RouteSettings, ...]:
    """Routes to one server that differ in their TLS, so that their letters share no connection."""
    return tuple([RouteSettings(f"{level}.example", "[127.0.0.1]", server.port, level) for level in LEVELS])


async def test_letter_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        id = await stage.send(ANN, octets=b"Subject: Hi\r\n\r\n.dot\r\nlone\nends\rhere")
        state = (await stage.settled(id))[ANN]
        assert (state.state, state.code, state.reason) == ("done", "2.0.0", "250 2.0.0 Ok")
        (letter,) = stage.sink.letters
        assert (letter.sender, letter.recipients, letter.client) == ("bob@example.org", (ANN,), "mx.example.org")
        assert letter.octets == b"Subject: Hi\r\n\r\n.dot\r\nlone\r\nends\r\nhere\r\n"


async def test_large_letter_leaves_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = b"Subject: Hi\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        await stage.settled(await stage.send(ANN, octets=octets))
        assert stage.sink.letters[0].octets == octets


async def test_connections_are_reused_and_grow_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch, first_window=1, widest_window=3) as stage:
        stage.sink.delay = 0.01
        ids = [await stage.send(f"user{number}@elsewhere.example") for number in range(30)]
        for id in ids:
            await stage.settled(id)
        assert len(stage.sink.letters) == 30
        assert stage.sink.most_open <= 3
        assert stage.sink.connections <= 6


async def test_letters_follow_each_other_over_one_connection_whatever_becomes_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbound_stage(tmp_path, monkeypatch, first_window=1, widest_window=1, idle=5.0) as stage:
        stage.sink.greeting = "421 4.3.2 Not now"
        ids = [await stage.send(f"user{number}@elsewhere.example") for number in range(12)]
        for id in ids:
            await stage.tried(id)
        stage.sink.greeting = "220 sink.example"
        stage.sink.most_letters = 5
        stage.sink.rcpt = lambda recipient: "550 5.1.1 No" if "user3@" in recipient else "250 2.1.5 Ok"
        stage.sink.end = lambda letter: "451 4.3.0 Later" if "user7@" in letter.recipients[0] else "250 2.0.0 Ok"
        stage.clock.advance(301)
        states = [next(iter((await stage.tried(id, 2)).values())) for id in ids]
        assert [state.state for state in states] == [
            "failed" if number == 3 else "ready" if number == 7 else "done" for number in range(12)
        ]
        sent = [letter.recipients[0] for letter in stage.sink.letters]
        assert sorted(sent) == sorted(
            f"user{number}@elsewhere.example" for number in range(12) if number not in (3, 7)
        )
        assert len(set(sent)) == len(sent)


async def test_destination_that_is_down_waits_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.greeting = "421 4.3.2 Not now"
        id = await stage.send(ANN)
        state = (await stage.tried(id))[ANN]
        assert (state.state, state.code) == ("ready", "4.3.2")
        assert 290 < state.next_attempt - stage.clock() <= 300
        stage.sink.greeting = "220 sink.example"
        stage.clock.advance(301)
        assert (await stage.settled(id))[ANN].state == "done"
        assert len(stage.sink.letters) == 1


async def test_greylisted_letter_comes_through_later_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def greylist(recipient: str) -> str:
        fresh = recipient not in seen
        seen.add(recipient)
        return "451 4.7.1 Greylisted" if fresh else "250 2.1.5 Ok"

    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.rcpt = greylist
        id = await stage.send(ANN)
        state = (await stage.tried(id))[ANN]
        assert (state.state, state.code, state.reason) == ("ready", "4.7.1", "451 4.7.1 Greylisted")
        stage.clock.advance(301)
        assert (await stage.settled(id))[ANN].state == "done"
        assert len(stage.sink.letters) == 1


async def test_one_of_three_waits_and_nobody_gets_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = {"b@elsewhere.example"}
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.rcpt = lambda recipient: "452 4.2.2 Full" if recipient in busy else "250 2.1.5 Ok"
        id = await stage.send("a@elsewhere.example", "b@elsewhere.example", "c@elsewhere.example")
        state = await stage.tried(id)
        assert {each.address[0]: each.state for each in state.values()} == {"a": "done", "b": "ready", "c": "done"}
        busy.clear()
        stage.clock.advance(301)
        await stage.settled(id)
        assert [letter.recipients for letter in stage.sink.letters] == [
            ("a@elsewhere.example", "c@elsewhere.example"),
            ("b@elsewhere.example",),
        ]


async def test_connection_lost_after_the_final_dot_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether the server has it: a second copy is better than none (RFC 5321 section 4.5.4.1)."""
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.end = lambda letter: DROP
        id = await stage.send(ANN)
        state = (await stage.tried(id))[ANN]
        assert (state.state, state.code) == ("ready", "4.4.2")
        assert "after the end of the message" in state.reason
        stage.sink.end = lambda letter: "250 2.0.0 Ok"
        stage.clock.advance(301)
        assert (await stage.settled(id))[ANN].state == "done"
        assert len(stage.sink.letters) == 2


async def test_slow_destination_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch, end_timeout=0.5) as stage:
        stage.sink.delay = 2.0
        slow = await stage.send(ANN)
        state = (await stage.tried(slow))[ANN]
        assert (state.state, state.code) == ("ready", "4.4.2")
        local = await stage.send(Recipient("bob@example.org"))
        assert (await stage.settled(local))["bob@example.org"].state == "done"


async def test_local_copy_does_not_wait_for_the_remote_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.delay = 1.0
        id = await stage.send(Recipient("bob@example.org"), ANN)
        await stage.until(id, lambda state: state["bob@example.org"].state == "done")
        assert (await stage.state(id))[ANN].state == "ready"
        assert (await stage.settled(id))[ANN].state == "done"


async def test_refusal_for_good_comes_back_to_the_sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.rcpt = lambda recipient: "550 5.1.1 Nobody here"
        id = await stage.send(ANN, envelope_id="E1")
        state = (await stage.settled(id))[ANN]
        assert (state.state, state.code) == ("failed", "5.1.1")
        (report,) = await stage.inbox(1)
        assert b"\r\nAuto-Submitted: auto-replied\r\n" in report
        assert b"report-type=delivery-status" in report
        assert b"\r\nOriginal-Envelope-Id: E1\r\n" in report
        assert b"Final-Recipient: rfc822; ann@elsewhere.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" in report
        assert b"Diagnostic-Code: smtp; 550 5.1.1 Nobody here\r\n" in report
        assert b"\r\nSubject: Hi\r\n" in report
        assert report.startswith(b"Return-Path: <>\r\n")


async def test_after_five_days_the_sender_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.rcpt = lambda recipient: "451 4.3.0 Later"
        id = await stage.send(ANN)
        await stage.tried(id)
        stage.clock.advance(4 * 3600 + 1)
        await stage.tried(id, 2)
        (delay,) = await stage.inbox(1)
        assert b"\r\nAction: delayed\r\nStatus: 4.3.0\r\n" in delay
        assert b"\r\nWill-Retry-Until: " in delay
        stage.clock.advance(5000)
        await stage.tried(id, 3)
        stage.clock.advance(5 * 86_400)
        state = (await stage.settled(id))[ANN]
        assert (state.state, state.code) == ("failed", "5.4.7")
        _, failure = await stage.inbox(2)
        assert b"\r\nAction: failed\r\nStatus: 5.4.7\r\n" in failure


async def test_case_17_nobody_is_told_about_reports_lists_and_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.rcpt = lambda recipient: "550 5.1.1 Nobody here"
        ids = [await stage.send(ANN, sender="")]
        for field in (b"Auto-Submitted: auto-replied", b"List-Id: <l.example.org>", b"Precedence: bulk"):
            ids.append(await stage.send(ANN, octets=field + b"\r\nSubject: x\r\n\r\nx\r\n"))
        ids.append(await stage.send(Recipient(ANN, notify=("NEVER",), far=True)))
        for id in ids:
            assert (await stage.settled(id))[ANN].state == "failed"
        assert {each.id for each in await stage.waiting()} == set(ids)
        marker = await stage.send(Recipient("bob@example.org"))
        await stage.settled(marker)
        assert len(await stage.inbox(1)) == 1


async def test_notify_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        await stage.settled(await stage.send(Recipient(ANN, notify=("SUCCESS",), far=True)))
        (relayed,) = await stage.inbox(1)
        assert b"\r\nAction: relayed\r\nStatus: 2.0.0\r\n" in relayed
        stage.sink.offered = (*stage.sink.offered, "DSN")
        await trio.sleep(0.3)  # the idle connection, which has heard the old EHLO, ends
        recipient = Recipient(ANN, "rfc822;Ann+x@elsewhere.example", ("SUCCESS", "FAILURE"), far=True)
        await stage.settled(await stage.send(recipient, envelope_id="a b", ret="HDRS"))
        letter: Received = stage.sink.letters[1]
        assert letter.mail.endswith("RET=HDRS ENVID=a+20b")
        assert letter.rcpt == ("NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Ann+2Bx@elsewhere.example",)


async def test_smtputf8_goes_only_where_it_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.offered = ("PIPELINING", "8BITMIME")
        plain = await stage.send(ANN, smtputf8=True)
        assert (await stage.settled(plain))[ANN].state == "done"
        needs = await stage.send("jürgen@elsewhere.example", smtputf8=True)
        state = (await stage.settled(needs))["jürgen@elsewhere.example"]
        assert (state.state, state.code) == ("failed", "5.6.7")
        (report,) = await stage.inbox(1)
        assert "Final-Recipient: utf-8; jürgen@elsewhere.example\r\n".encode() in report
        assert b"report-type=global-delivery-status" in report


async def test_too_large_for_the_next_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.offered = ("SIZE 100",)
        id = await stage.send(ANN, octets=b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" + b"y" * 70 + b"\r\n")
        assert (await stage.settled(id))[ANN].code == "5.3.4"
        assert not stage.sink.letters


async def test_drain_finishes_what_has_begun_and_returns_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DeliverySettings(poll=0.05)
    async with outbound_stage(tmp_path, monkeypatch, settings=settings, first_window=1, widest_window=1) as stage:
        stage.sink.delay = 0.3
        for number in range(3):
            await stage.send(f"user{number}@elsewhere.example")
        with trio.fail_after(5):
            if not stage.sink.open:
                await stage.sink.changed.wait()
    assert len(stage.sink.letters) == 1


async def test_receipt_of_a_local_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        await stage.settled(await stage.send(Recipient("bob@example.org", "rfc822;bob@old.example", ("SUCCESS",))))
        _, report = await stage.inbox(2)
        assert b"Original-Recipient: rfc822;bob@old.example\r\n" in report
        assert b"Final-Recipient: rfc822; bob@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n" in report


async def test_receipts_of_aliases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3461 section 5.2.7: what one address stands for is told once, and nothing is called delivered that left."""
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.offered = (*stage.sink.offered, "DSN")
        for name, targets in (("one", (ANN,)), ("some", (ANN, "bob@example.org")), ("far", (ANN, "a@x.example"))):
            alias = directory.Alias(f"{name}@example.org", targets)
            await stage.storage.ask("admin", directory.alias_add, alias)
        for name, sent in (("one", ["SUCCESS"]), ("some", ["NEVER"]), ("far", ["NEVER", "NEVER"])):
            stage.sink.letters.clear()
            await stage.settled(await stage.send(Recipient(f"{name}@example.org", notify=("SUCCESS",))))
            told = [word for letter in stage.sink.letters for word in letter.rcpt]
            assert told == [f"NOTIFY={word} ORCPT=rfc822;{name}@example.org" for word in sent]
        reports = [each for each in await stage.inbox(3) if b"report-type" in each]
        assert [re.findall(rb"Final-Recipient: rfc822; (\S+)\r\nAction: (\w+)", each) for each in reports] == [
            [(b"some@example.org", b"expanded")],
            [(b"far@example.org", b"expanded")],
        ]


async def test_letter_held_at_its_sender_s_wish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        id = await stage.send(ANN, hold_until=stage.clock() + 10 * 86_400)
        await stage.settled(await stage.send("other@elsewhere.example"))
        assert (await stage.state(id))[ANN].attempts == 0
        stage.clock.advance(10 * 86_400)
        assert (await stage.settled(id))[ANN].state == "done"


async def test_letter_that_must_be_there_by_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        by = stage.clock() + 60
        refused = await stage.send(ANN, deliver_by=by, by_mode="R")
        assert (await stage.settled(refused))[ANN].code == "5.3.3"  # the next server promises nothing
        stage.sink.offered = (*stage.sink.offered, "DELIVERBY", "MT-PRIORITY")
        await trio.sleep(0.3)
        await stage.settled(await stage.send(ANN, deliver_by=by, by_mode="R", priority=4))
        assert stage.sink.letters[0].mail.partition("MT-PRIORITY=4 ")[2].startswith("BY=5")
        stage.sink.rcpt = lambda recipient: "451 4.3.0 Later"
        late = await stage.send(ANN, deliver_by=by, by_mode="R")
        state = (await stage.tried(late))[ANN]
        assert state.next_attempt <= by
        stage.clock.advance(61)
        state = (await stage.settled(late))[ANN]
        assert (state.state, state.code) == ("failed", "5.4.7")


@pytest.mark.parametrize(("mode", "offered", "told"), [("N", False, True), ("N", True, False), ("NT", True, True)])
async def test_a_letter_with_a_time_is_told_of_where_nobody_keeps_it(
    mode: str, offered: bool, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 2852: its sender hears that it was passed on where times are not known, and on each hop of a trace."""
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        stage.sink.offered = (*stage.sink.offered, "DSN", *(["DELIVERBY"] if offered else []))
        by = stage.clock() + 600
        await stage.settled(await stage.send(ANN, deliver_by=by, by_mode=mode))
        await stage.settled(
            await stage.send(Recipient(ANN, notify=("NEVER",), far=True), deliver_by=by, by_mode=mode)
        )
        marker = await stage.send("bob@example.org", octets=b"Subject: last\r\n\r\n")
        await stage.settled(marker)
        reports = [each for each in await stage.inbox(1 + told) if b"report-type" in each]
        assert [b"Action: relayed" in each for each in reports] == [True] * told


async def test_important_letters_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch, first_window=1, widest_window=1) as stage:
        due = stage.clock() + HOUR
        ids = [
            await stage.send(f"p{number}@elsewhere.example", priority=number, hold_until=due)
            for number in (0, -1, 5, 2)
        ]
        stage.clock.advance(HOUR)
        for id in ids:
            await stage.settled(id)
        assert [letter.recipients[0][:2] for letter in stage.sink.letters] == ["p5", "p2", "p0", "p-"]


async def test_letters_of_several_claims_that_go_the_same_way_share_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        sink() as server,
        outbound_stage(
            tmp_path,
            monkeypatch,
            server=server,
            smarthost=False,
            routes=two_ways(server),
            first_window=1,
            batch=1,
            idle=0.0,
        ) as stage,
    ):
        due = stage.clock() + HOUR
        names = [f"a{number}@{level}.example" for number in range(2) for level in LEVELS]
        ids = [await stage.send(name, hold_until=due) for name in names]
        stage.clock.advance(HOUR)
        for id in ids:
            await stage.settled(id)
        assert sorted(letter.recipients[0] for letter in server.letters) == sorted(names)
        assert server.connections == 2


async def test_forwards_go_out_under_our_address_and_bounces_find_the_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        targets = ("bob@example.org", ANN, "x@other.example")
        await stage.storage.ask("admin", directory.alias_add, directory.Alias("all@example.org", targets))
        id = await stage.send(Recipient("all@example.org"), sender="eve@sender.example")
        await stage.until(id, lambda state: len(state) == 3 and all(each.state == "done" for each in state.values()))
        assert len(await stage.inbox(1)) == 1
        assert {address for each in stage.sink.letters for address in each.recipients} == {ANN, "x@other.example"}
        (sender,) = {each.sender for each in stage.sink.letters}
        assert sender.startswith("srs0=")
        assert sender.endswith("=sender.example=eve@example.org")
        resolved = await stage.storage.ask("smtp", directory.resolve, directory.Resolve((sender, f"x{sender}")))
        assert [each.forwards for each in resolved.resolutions] == [("eve@sender.example",), ()]
        back = await stage.send(Recipient(sender), sender="")
        await stage.until(back, lambda state: [each.state for each in state.values()] == ["done", "done"])
        assert stage.sink.letters[-1].recipients == ("eve@sender.example",)
        assert stage.sink.letters[-1].sender == ""


async def test_case_18_alias_cycles_end_after_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch) as stage:
        for name, targets in (("a", ("b@example.org",)), ("b", ("a@example.org", "bob@example.org", ANN))):
            await stage.storage.ask("admin", directory.alias_add, directory.Alias(f"{name}@example.org", targets))
        id = await stage.send(Recipient("a@example.org"))
        await stage.until(id, lambda state: len(state) == 2 and all(each.state == "done" for each in state.values()))
        assert (len(stage.sink.letters), len(await stage.inbox(1))) == (1, 1)


async def test_server_that_has_enough_gets_a_fresh_connection_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outbound_stage(tmp_path, monkeypatch, first_window=1, widest_window=1, idle=5.0) as stage:
        stage.sink.most_letters = 2
        ids = [await stage.send(f"user{number}@elsewhere.example") for number in range(7)]
        for id in ids:
            (state,) = (await stage.settled(id)).values()
            assert (state.state, state.attempts) == ("done", 1)
        assert stage.sink.connections == 4


async def test_destinations_that_share_one_connection_at_a_time_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        sink() as server,
        outbound_stage(
            tmp_path, monkeypatch, server=server, smarthost=False, routes=two_ways(server), connections=1
        ) as stage,
    ):
        names = [f"a{number}@{level}.example" for number in range(3) for level in LEVELS]
        for id in [await stage.send(name) for name in names]:
            assert [each.state for each in (await stage.settled(id)).values()] == ["done"]
        await stage.idle()
        assert sorted(letter.recipients[0] for letter in server.letters) == sorted(names)
        assert server.most_open <= 2  # one is spoken with, another may be leaving


async def test_server_that_says_nothing_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with outbound_stage(tmp_path, monkeypatch, end_timeout=0.2) as stage:
        stage.sink.delay = 30.0
        (state,) = (await stage.tried(await stage.send("a@example.net"))).values()
        assert (state.state, state.code) == ("ready", "4.4.2")
        assert state.reason == "connection lost after the end of the message: nothing received for 0.2 s"
