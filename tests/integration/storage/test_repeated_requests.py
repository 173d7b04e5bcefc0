"""Whatever happens to a request or its answer on the way, its work is done once: abuse cases 63, 64 and 70."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trio

from shared.bus.faults import FaultPlan, Faults
from shared.contracts import mailboxes, messages, spool
from shared.contracts.blobs import Body
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.messages import Append, Filing, New, Target
from shared.contracts.op import Op
from shared.mail.summary import summarise
from tests.support.running_storage import SETTINGS, RunningStorage, claim, letter, running_storage

R = TypeVar("R")

BAD = Faults(drop=0.1, double=0.2, delay=0.2, reorder=0.2, slowest=0.5)
LETTERS = 200


async def insist(storage: RunningStorage, service: str, op: Op[Any, R], request: Any) -> R:
    """Ask until there is an answer, always in the same words."""
    while True:
        try:
            return await storage.ask(service, op, request)
        except Unavailable:
            continue


async def uids(storage: RunningStorage, grant: bytes) -> list[int]:
    opened = await storage.ask("imap", mailboxes.open, mailboxes.Open(grant, "INBOX", False))
    page = await storage.ask("imap", mailboxes.page, mailboxes.PageRequest(grant, opened.mailbox, 0, 10_000))
    return list(array("I", page.rows.uids))


async def test_case_63_letters_over_a_bad_bus_are_filed_once(tmp_path: Path) -> None:
    patient = replace(SETTINGS, spool=replace(SETTINGS.spool, poison_claims=1_000))  # answers to claims are lost, too
    async with running_storage(tmp_path, patient) as storage:
        await storage.add_accounts("ann@example.org")
        login = await storage.login("ann@example.org")
        storage.broker.faults = FaultPlan(question=BAD, answer=BAD, event=BAD)
        accepts = [letter("ann@example.org") for _ in range(LETTERS)]
        filed: Counter[str] = Counter()

        async def file(found: spool.Letter) -> None:
            filing = Filing(found.id, found.fence, 1, (Target(login.account, "INBOX", b""),))
            done = await insist(storage, "delivery", messages.deliver, messages.Deliver((filing,)))
            filed[found.id] += not done.results[0].error

        with trio.fail_after(120):
            async with trio.open_nursery() as nursery:
                for accept in accepts:
                    nursery.start_soon(insist, storage, "smtp", spool.accept, accept)
            async with trio.open_nursery() as nursery:
                while True:  # a claim whose answer was lost comes back with its lease; here that is short
                    claimed = await insist(storage, "delivery", spool.claim, claim(50, lease=3.0))
                    for one in claimed.letters:
                        nursery.start_soon(file, one)
                    waiting = await insist(storage, "admin", spool.queue_list, spool.QueueFilter(state="ready"))
                    if not waiting.letters:
                        break
                    await trio.sleep(0.2)
        storage.broker.faults = FaultPlan()
        assert await uids(storage, login.grant) == list(range(1, LETTERS + 1))
        assert set(filed) == {accept.letter for accept in accepts}


async def test_case_64_one_key_from_two_workers_is_one_message(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
        octets = b"Subject: once\r\n\r\nHello.\r\n"
        request = Append(grant, "the same key", "INBOX", (New(Body(octets), summarise(octets), ()),))
        workers = [storage.broker.connect("imap", f"worker{number}") for number in range(2)]
        answers: list[messages.Appended] = []

        async def ask(worker: int) -> None:
            answers.append(await workers[worker % 2].call(messages.append, request))

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, number)
        assert len(set(map(repr, answers))) == 1
        assert await uids(storage, grant) == [1]
        other = request._replace(messages=(New(Body(octets + b"!"), summarise(octets + b"!"), ()),))
        with pytest.raises(Refused) as refused:
            await workers[0].call(messages.append, other)
        assert refused.value.code is Code.CONFLICT
        assert await uids(storage, grant) == [1]


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
async def test_case_70_a_clock_that_jumps_loses_no_lease_and_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    async with running_storage(tmp_path) as storage:
        await storage.add_accounts("ann@example.org")
        login = await storage.login("ann@example.org")
        await storage.ask("smtp", spool.accept, letter("ann@example.org"))
        held = (await storage.ask("delivery", spool.claim, claim(lease=60))).letters[0]
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + jump)
        assert (await storage.ask("delivery", spool.claim, claim(worker="another"))).letters == ()
        filing = Filing(held.id, held.fence, 1, (Target(login.account, "INBOX", b""),))
        await storage.ask("delivery", messages.deliver, messages.Deliver((filing,)))
        await storage.ask("smtp", spool.accept, letter("ann@example.org"))
        (again,) = (await storage.ask("delivery", spool.claim, claim())).letters
        filing = Filing(again.id, again.fence, 1, (Target(login.account, "INBOX", b""),))
        await storage.ask("delivery", messages.deliver, messages.Deliver((filing,)))
        assert await uids(storage, login.grant) == [1, 2]
