"""The spool over the bus: accepted once, claimed by one, settled under its fence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio

from services.storage import config
from shared.contracts import spool
from shared.contracts.directory import Kind
from shared.contracts.errors import Code, Refused
from shared.contracts.spool import Fenced, Outcome, Settle, Settlement, Status
from tests.support.running_storage import SETTINGS, claim, letter, running_storage


async def test_a_letter_is_accepted_once(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        first = letter("ann@example.org")
        assert not (await storage.ask("smtp", spool.accept, first)).repeated
        assert (await storage.ask("smtp", spool.accept, first)).repeated
        with pytest.raises(Refused) as refused:
            await storage.ask("smtp", spool.accept, first._replace(sender="other@example.net"))
        assert refused.value.code is Code.CONFLICT
        queue = await storage.ask("admin", spool.queue_list, spool.QueueFilter())
        assert [each.id for each in queue.letters] == [first.letter]


async def test_many_at_once_are_all_accepted(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        letters = [letter("ann@example.org", octets=b"Subject: %d\r\n\r\n" % (n % 7)) for n in range(50)]
        letters += letters[:10]
        repeated = []

        async def accept(each: spool.Accept) -> None:
            repeated.append((await storage.ask("smtp", spool.accept, each)).repeated)

        async with trio.open_nursery() as nursery:
            for each in letters:
                nursery.start_soon(accept, each)
        assert sum(repeated) == 10


async def test_only_the_culprit_of_a_batch_is_refused(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        good = [letter("ann@example.org") for _ in range(20)]
        bad = letter("ann@example.org")
        bad = bad._replace(summary=bad.summary._replace(size=1))
        outcomes: dict[str, str] = {}

        async def accept(each: spool.Accept) -> None:
            try:
                outcomes[each.letter] = (await storage.ask("smtp", spool.accept, each)).letter
            except Refused as refused:
                outcomes[each.letter] = refused.code

        async with trio.open_nursery() as nursery:
            for each in [*good[:10], bad, *good[10:]]:
                nursery.start_soon(accept, each)
        assert outcomes.pop(bad.letter) == Code.MALFORMED
        assert outcomes == {each.letter: each.letter for each in good}


async def test_claims_exclude_each_other(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        for _ in range(5):
            await storage.ask("smtp", spool.accept, letter("ann@example.org", "x@elsewhere.example"))
        first = await storage.ask("delivery", spool.claim, claim(3))
        second = await storage.ask("delivery", spool.claim, claim(3, "w2"))
        assert (len(first.letters), first.more) == (3, True)
        assert (len(second.letters), second.more) == (2, False)
        assert not {each.id for each in first.letters} & {each.id for each in second.letters}
        due = first.letters[0].due
        assert [each.resolution.kind for each in due] == [Kind.LOCAL, Kind.FOREIGN]


async def test_an_older_fence_is_stale(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        lost = (await storage.ask("delivery", spool.claim, claim(lease=0.0))).letters[0]
        again = (await storage.ask("delivery", spool.claim, claim(worker="w2"))).letters[0]
        assert again.fence == lost.fence + 1
        extended = await storage.ask("delivery", spool.extend, spool.Extend((Fenced(lost.id, lost.fence),), 60.0))
        assert extended.lost == (lost.id,)
        outcome = (Outcome(1, Status.FAILED, "5.1.1", "gone"),)
        stale = await storage.ask("delivery", spool.settle, Settle((Settlement(lost.id, lost.fence, outcome),)))
        assert stale.stale == (lost.id,)
        good = await storage.ask("delivery", spool.settle, Settle((Settlement(again.id, again.fence, outcome),)))
        assert good.stale == ()
        shown = await storage.ask("admin", spool.queue_list, spool.QueueFilter(state="failed"))
        assert shown.letters[0].recipients[0].code == "5.1.1"
        shown = await storage.ask("admin", spool.queue_list, spool.QueueFilter(state="waiting"))
        assert again.id not in {letter.id for letter in shown.letters}


async def test_a_deferred_recipient_comes_back_when_it_is_due(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        for attempts in (0, 1):
            claimed = (await storage.ask("delivery", spool.claim, claim())).letters[0]
            assert claimed.due[0].attempts == attempts
            outcome = (Outcome(1, Status.DEFERRED, "4.4.1", "later", claimed.accepted + attempts * 3600),)
            await storage.ask("delivery", spool.settle, Settle((Settlement(claimed.id, claimed.fence, outcome),)))
        nothing = await storage.ask("delivery", spool.claim, claim())
        assert nothing.letters == ()
        assert nothing.next_due == pytest.approx(claimed.accepted + 3600)


async def test_case_70_poison_is_held(tmp_path: Path) -> None:
    settings = replace(SETTINGS, spool=config.Spool(poison_claims=2))
    async with running_storage(tmp_path, settings) as storage:
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        for _ in range(2):
            assert (await storage.ask("delivery", spool.claim, claim(lease=0.0))).letters
        assert not (await storage.ask("delivery", spool.claim, claim())).letters
        held = await storage.ask("admin", spool.queue_list, spool.QueueFilter(state="held"))
        assert await storage.ask("admin", spool.queue_list, spool.QueueFilter(state="waiting")) == held
        assert held.letters[0].recipients[0].state == "held"
        acted = await storage.ask("admin", spool.queue_act, spool.QueueAct(spool.Act.RELEASE, spool.QueueFilter()))
        assert acted.letters == 1
        assert (await storage.ask("delivery", spool.claim, claim())).letters


async def test_the_doorbell_rings_after_the_commit(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        rung = trio.Event()
        storage.bus("delivery").subscribe(spool.ready, lambda event: rung.set())
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        with trio.fail_after(5):
            await rung.wait()
        assert (await storage.ask("delivery", spool.claim, claim())).letters


async def test_a_dropped_letter_is_gone_from_the_queue_but_not_from_the_trace(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        sent = letter("x@elsewhere.example")
        await storage.ask("smtp", spool.accept, sent)
        await storage.ask("admin", spool.queue_act, spool.QueueAct(spool.Act.DROP, spool.QueueFilter()))
        assert not (await storage.ask("admin", spool.queue_list, spool.QueueFilter())).letters
        for term in (sent.letter, "trace", "<a@b>", "x@elsewhere.example", "sender@example.net"):
            assert (await storage.ask("admin", spool.trace, spool.Trace(term))).letters[0].id == sent.letter


async def test_acts_on_the_queue_leave_other_recipients_alone(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        sent = letter("a@one.example", "b@two.example", "c@three.example")
        await storage.ask("smtp", spool.accept, sent)

        async def act(act: spool.Act, **chosen: Any) -> dict[str, str]:
            wanted = spool.QueueAct(act, spool.QueueFilter(**chosen))
            assert (await storage.ask("admin", spool.queue_act, wanted)).letters == 1
            (found,) = (await storage.ask("admin", spool.trace, spool.Trace(sent.letter))).letters
            return {each.address[0]: each.state for each in found.recipients}

        assert await act(spool.Act.HOLD, domain="two.example") == {"a": "ready", "b": "held", "c": "ready"}
        assert await act(spool.Act.DROP, recipient="C@three.example") == {"a": "ready", "b": "held", "c": "done"}
        (claimed,) = (await storage.ask("delivery", spool.claim, claim())).letters
        assert [due.address for due in claimed.due] == ["a@one.example"]
        assert await act(spool.Act.DROP, state="held") == {"a": "ready", "b": "done", "c": "done"}
        assert await act(spool.Act.DROP) == {"a": "done", "b": "done", "c": "done"}


async def test_acts_on_the_queue_reach_all_that_a_filter_means(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        for number in range(3):
            await storage.ask("smtp", spool.accept, letter(f"x{number}@one.example"))
        await storage.ask("smtp", spool.accept, letter("y@two.example", "z@sub.one.example"))

        async def act(act: spool.Act, **chosen: Any) -> int:
            wanted = spool.QueueAct(act, spool.QueueFilter(**chosen))
            return (await storage.ask("admin", spool.queue_act, wanted)).letters

        assert await act(spool.Act.HOLD, domain="One.example", limit=1) == 3
        assert await act(spool.Act.RELEASE, state="held", before=1.0) == 0
        assert await act(spool.Act.RELEASE, state="held") == 3
        assert await act(spool.Act.DROP, domain="one.example") == 3
        assert await act(spool.Act.DROP, sender="<>") == 0
        await storage.ask("smtp", spool.accept, letter("x@one.example")._replace(sender=""))
        assert await act(spool.Act.DROP, sender="<>") == 1
        assert await act(spool.Act.DROP) == 1


async def test_an_act_leaves_letters_alone_that_have_nobody_for_it(tmp_path: Path) -> None:
    """Else their running claims would be void, and what is being sent would be sent twice."""
    async with running_storage(tmp_path) as storage:
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))
        (claimed,) = (await storage.ask("delivery", spool.claim, claim())).letters
        for act, state in ((spool.Act.RELEASE, ""), (spool.Act.RELEASE, "ready"), (spool.Act.HOLD, "held")):
            wanted = spool.QueueAct(act, spool.QueueFilter(state=state))
            assert (await storage.ask("admin", spool.queue_act, wanted)).letters == 0
        outcome = (Outcome(1, Status.DONE, "2.0.0", "taken"),)
        settled = await storage.ask(
            "delivery", spool.settle, Settle((Settlement(claimed.id, claimed.fence, outcome),))
        )
        assert settled.stale == ()


async def test_what_is_tried_again_while_it_is_being_sent_is_sent_once(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example", "y@elsewhere.example"))
        (claimed,) = (await storage.ask("delivery", spool.claim, claim())).letters
        later = Outcome(2, Status.DEFERRED, "4.4.1", "later", claimed.accepted + 3600)
        await storage.ask("delivery", spool.settle, Settle((Settlement(claimed.id, claimed.fence, (later,)),)))
        wanted = spool.QueueAct(spool.Act.RETRY, spool.QueueFilter())
        assert (await storage.ask("admin", spool.queue_act, wanted)).letters == 1
        (again,) = (await storage.ask("delivery", spool.claim, claim())).letters
        assert (await storage.ask("admin", spool.queue_act, wanted)).letters == 1
        assert not (await storage.ask("delivery", spool.claim, claim())).letters
        done = tuple(Outcome(due.number, Status.DONE, "2.0.0", "taken") for due in again.due)
        settled = await storage.ask("delivery", spool.settle, Settle((Settlement(again.id, again.fence, done),)))
        assert settled.stale == ()
        assert not (await storage.ask("admin", spool.queue_list, spool.QueueFilter())).letters


async def test_what_its_sender_put_off_is_not_deferred(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.ask("smtp", spool.accept, letter("x@one.example")._replace(hold_until=2**40))

        async def retried(state: str) -> int:
            wanted = spool.QueueAct(spool.Act.RETRY, spool.QueueFilter(state=state))
            return (await storage.ask("admin", spool.queue_act, wanted)).letters

        assert await retried("deferred") == 0
        assert not (await storage.ask("delivery", spool.claim, claim())).letters
        assert await retried("ready") == 1
        (claimed,) = (await storage.ask("delivery", spool.claim, claim())).letters
        outcome = (Outcome(1, Status.DEFERRED, "4.4.1", "later", 2**40),)
        await storage.ask("delivery", spool.settle, Settle((Settlement(claimed.id, claimed.fence, outcome),)))
        assert await retried("deferred") == 1
