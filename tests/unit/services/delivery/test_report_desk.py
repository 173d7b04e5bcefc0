"""Reports that cannot be made: whatever strangers publish, and whatever is wrong here, delivery goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from services.delivery.config import DeliverySettings
from services.delivery.house import House
from services.delivery.outbound.finding import Lookup
from services.delivery.reporting.config import ReportingSettings
from services.delivery.reporting.desk import Desk
from services.delivery.reporting.recipients import for_tls
from shared.bus.memory import MemoryBroker
from shared.contracts import dkim, reports
from shared.contracts.codec import encode
from shared.contracts.directory import Done
from shared.contracts.reports import Claimed, Finish, Kind, Row, TlsRow
from shared.protocols.dns import NODATA, Answer, Question, Status

DOMAIN = "stranger.example"
ADDRESS = Answer(Status.FOUND, addresses=("127.0.0.1",))
TRIES = 3


class Names:
    """A DNS in which one domain publishes ``record``; or that has ``bug``."""

    def __init__(self, record: bytes = b"", bug: Exception | None = None) -> None:
        self._record = record
        self._bug = bug

    async def ask(self, question: Question) -> Answer:
        if self._bug is not None:
            raise self._bug
        if question.kind == "TXT":
            return Answer(Status.FOUND, texts=(self._record,)) if self._record else NODATA
        return ADDRESS if question.kind == "A" else NODATA


class Storage:
    """Gives out one report, again and again until it is finished with."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.attempts = 0
        self.finished: list[Finish] = []
        bus = broker.connect("storage", "s")
        bus.serve(reports.claim, lambda call: call.answer(self._claimed()))
        bus.serve(reports.finish, lambda call: self._finish(call.request, call.answer))
        bus.serve(dkim.sealing, lambda call: call.answer(dkim.SigningKeys("", ())))

    def _claimed(self) -> Claimed:
        if self.finished and not self.finished[-1].again:
            return Claimed(elected=True)
        row = Row(encode(TlsRow("no-policy-found")), 1)
        return Claimed(True, 1, Kind.TLS, 20_000, DOMAIN, (row,), 1, self.attempts)

    def _finish(self, request: Finish, answer: Callable[[Done], None]) -> None:
        self.attempts += 1
        self.finished.append(request)
        answer(Done())


async def served(lookup: Lookup) -> list[Finish]:
    """What becomes of a report when a desk with this DNS serves for a while."""
    broker = MemoryBroker()
    storage = Storage(broker)
    reporting = ReportingSettings(interval=1.0, pause=0.1, again=5.0, tries=TRIES, private_addresses=True)
    settings = DeliverySettings(reporting=reporting)
    log = structlog.get_logger()
    house = House(broker.connect("delivery", "d"), settings, trio.Event(), log, trio.current_time, "mx.example.org")
    with trio.move_on_after(30):
        await Desk(house, lookup).run()
    return storage.finished


@pytest.mark.parametrize(
    "uri",
    [
        "https://stranger.example/two words",
        "https://stranger.example/a\x01b",
        "https://stranger.example/\xff",
        "https://two words.example/",
        "https://[stranger.example/",
        "https://stranger.example:port/",
        "mailto:ann@[resolver.stranger.example]",
        "mailto:ann@two words.example",
    ],
)
async def test_odd_places_are_passed_over(autojump_clock: MockClock, uri: str) -> None:
    names = Names(f"v=TLSRPTv1; rua={uri}".encode("latin-1"))
    assert await for_tls(names, DOMAIN) == []
    with capture_logs() as lines:
        (finish,) = await served(names)
    assert (finish.again, finish.letters) == (0.0, ())
    assert [line["event"] for line in lines] == []


async def test_a_bug_of_ours_is_told_tried_again_and_given_up(autojump_clock: MockClock) -> None:
    with capture_logs() as lines:
        finished = await served(Names(bug=RuntimeError("ours")))
    assert [finish.again > 0 for finish in finished] == [True] * (TRIES - 1) + [False]
    assert [(line["event"], line["kind"], line["domain"]) for line in lines] == [
        ("delivery.bug", "tls", DOMAIN)
    ] * TRIES
