"""The DNS, asked through recursive resolvers and remembered for as long as it allows.

1. A question that is under way is not asked a second time: who comes later waits for the same answer.
2. What is kept is bounded: `DnsSettings.cache` answers, each as long as its TTL; failures for `_FAILED` seconds.
3. An answer is `secure` only if a nameserver said so whose word we take: one on this machine, or all by setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import trio

from shared.net.dns_settings import DnsSettings, Nameserver
from shared.protocols.dns import NXDOMAIN, SERVFAIL, TIMEOUT, Answer, Inquiry, Question

if TYPE_CHECKING:
    from dns.message import QueryMessage

T = TypeVar("T")

_FAILED = 5.0  # seconds that a failure is remembered
_ROUNDS = 2  # over all nameservers


class Resolver:
    """Asks for names. Used from one trio loop. Nothing raises: every answer has a `Status`."""

    def __init__(self, settings: DnsSettings) -> None:
        self._settings = settings
        self._servers: tuple[Nameserver, ...] = ()
        self._first = 0  # the server that answered last
        self._kept: dict[Question, tuple[float, Answer]] = {}  # with the trio time of its end; oldest first
        self._asking: dict[Question, trio.Event] = {}
        self._limit = trio.CapacityLimiter(settings.questions)

    async def follow(self, inquiry: Inquiry[T]) -> T:
        """Answer the questions of pure code until it comes to its result."""
        try:
            question = next(inquiry)
            while True:
                question = inquiry.send(self.kept(question) or await self.ask(question))
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def follow_within(self, inquiry: Inquiry[None], seconds: float) -> None:
        """The same, given up after ``seconds``; where all answers are at hand, no deadline is paid for."""
        try:
            question = next(inquiry)
            while (answer := self.kept(question)) is not None:
                question = inquiry.send(answer)
            with trio.move_on_after(seconds):
                while True:
                    question = inquiry.send(self.kept(question) or await self.ask(question))
        except StopIteration:
            return

    def kept(self, question: Question) -> Answer | None:
        """The answer if it is at hand."""
        entry = self._kept.get(question)
        if entry is None or entry[0] < trio.current_time():
            return None
        return entry[1]

    async def ask(self, question: Question) -> Answer:
        """The answer, whatever it is."""
        question = Question(question.name.rstrip(".").lower(), question.kind)
        while (answer := self.kept(question)) is None:
            other = self._asking.get(question)
            if other is not None:
                await other.wait()
                continue
            done = self._asking[question] = trio.Event()
            try:
                answer = await self._ask(question)
                self._keep(question, answer)
            finally:
                del self._asking[question]
                done.set()
            return answer
        return answer

    def _keep(self, question: Question, answer: Answer) -> None:
        self._kept.pop(question, None)
        while len(self._kept) >= self._settings.cache:
            del self._kept[next(iter(self._kept))]
        seconds = _FAILED if answer.failed else answer.ttl
        self._kept[question] = (trio.current_time() + seconds, answer)

    async def _ask(self, question: Question) -> Answer:
        from shared.net.dns_message import query  # whoever asks nothing does without dnspython

        message = query(question)
        if message is None:
            return NXDOMAIN
        with trio.move_on_after(self._settings.patience):
            async with self._limit:
                return await self._ask_servers(question, message)
        return TIMEOUT

    async def _ask_servers(self, question: Question, message: QueryMessage) -> Answer:
        """The first usable answer, beginning with the server that gave the last one."""
        from shared.net.dns_message import Unusable
        from shared.net.dns_transport import exchange

        servers = self._servers = self._servers or self._settings.servers()
        first, problem = self._first, TIMEOUT
        for turn in range(first, first + _ROUNDS * len(servers)):
            index = turn % len(servers)
            with trio.move_on_after(self._settings.timeout):
                try:
                    answer = await exchange(servers[index], question, message)
                except (Unusable, OSError):
                    problem = SERVFAIL
                    continue
                self._first = index
                return answer
        return problem
