"""Letters that are examined before they are accepted: a bug of ours ends one examination, not the process."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs
from trio.testing import MockClock

from services.delivery.sieve.examining import examining
from services.delivery.sieve.filtering import Filtering
from shared.bus.memory import MemoryBroker
from shared.contracts import directory, sieve
from shared.contracts.directory import Kind, Resolution, Resolved
from shared.contracts.errors import Code, Refused
from shared.contracts.sieve import Examine

RECIPIENT = "ann@example.org"


class Broken(Filtering):
    """Has a bug."""

    def __init__(self) -> None:
        """Knows nothing."""

    def concerns(self, task: object) -> bool:
        raise RuntimeError("ours")


async def test_a_bug_is_refused_and_logged_and_the_next_letter_is_examined(autojump_clock: MockClock) -> None:
    broker = MemoryBroker()
    found = Resolution(RECIPIENT, Kind.LOCAL, (7,), (RECIPIENT,), refuses=True)
    broker.connect("storage", "s").serve(directory.resolve, lambda call: call.answer(Resolved((found,))))
    smtp = broker.connect("smtp", "f")
    request = Examine(b"Subject: x\r\n\r\n", "bob@example.net", (RECIPIENT,), "192.0.2.1", "", "", 0.0, "")
    with capture_logs() as lines:
        async with examining(broker.connect("delivery", "d"), Broken(), structlog.get_logger()):
            for _ in range(2):
                with pytest.raises(Refused) as refused:
                    await smtp.call(sieve.refusals, request, trace="walk")
                assert refused.value.code is Code.UNAVAILABLE
    assert [(line["event"], line["trace"]) for line in lines] == [("delivery.bug", "walk")] * 2
