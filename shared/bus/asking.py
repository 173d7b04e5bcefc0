"""The caller's side of a call: ask, wait, ask again where that is harmless, all within one deadline."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import trio
from structlog.typing import FilteringBoundLogger

from shared.bus import envelope
from shared.bus.pending import PendingCalls, Signal, Waiter
from shared.bus.wire import Wire
from shared.contracts.codec import Undecodable, encode
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op, Repeat
from shared.observe import metrics, tracing
from shared.observe.tracing import Span

Q = TypeVar("Q")
R = TypeVar("R")

FIRST_PAUSE = 0.05  # seconds before asking again where nobody listened; doubles each time
LONGEST_PAUSE = 0.4
TRIES = 3  # a call that may be repeated is silent this often before its deadline ends it
HEADER_ROOM = 512  # octets kept free for the headers of a question


class Asking:
    """Makes the calls of one endpoint."""

    def __init__(
        self, service: str, inbox: bytes, wire: Wire, pending: PendingCalls, log: FilteringBoundLogger
    ) -> None:
        self._service = service
        self._inbox = inbox
        self._wire = wire
        self._pending = pending
        self._log = log

    async def call(self, op: Op[Q, R], request: Q, trace: str, timeout: float | None) -> R:
        payload = encode(request)
        if len(payload) > self._wire.max_payload - HEADER_ROOM:
            raise Refused(Code.LIMIT, f"request of {len(payload)} octets does not fit the bus")
        allowed = op.deadline if timeout is None else min(timeout, op.deadline)
        waiter = self._pending.open(op.subject(self._service).encode())
        tracer, span = tracing.tracer, None
        if tracer is not None:
            trace = trace or tracer.ambient()
            span = tracer.client(op.name, trace)
        began = trio.current_time()
        result = "none"
        try:
            octets = await self._ask(op, waiter, payload, trace, span, began + allowed, allowed)
            result = "answer"
        finally:
            self._pending.close(waiter)
            metrics.bus_rpc_seconds(op.name, result).observe(trio.current_time() - began)
            if tracer is not None:
                tracer.end(span, error="" if result == "answer" else "no answer")
        try:
            return envelope.read_answer(op, octets)
        except Undecodable as error:
            self._log.error("bus.malformed_reply", op=op.name, reason=str(error))
            raise Unavailable(f"{op.name}: the reply breaks its contract") from error

    async def _ask(
        self,
        op: Op[Any, Any],
        waiter: Waiter,
        payload: bytes,
        trace: str,
        span: Span | None,
        deadline: float,
        allowed: float,
    ) -> bytes:
        """The octets of the reply, or `Refused`, or `Unavailable` at the deadline."""
        patience = math.inf if op.repeat is Repeat.NEVER else max(1.0, allowed / TRIES)
        pause = FIRST_PAUSE
        asked = unknown = False  # a try is under way; the fate of some try is not known
        left = allowed
        while left > 0:
            until = deadline
            if self._wire.connected and not (asked and op.repeat is Repeat.NEVER):
                headers = envelope.question(math.ceil(left * 1000), trace, None if span is None else span.place)
                self._send(op, waiter, headers, payload, unknown)
                asked = True
                until = min(deadline, deadline - left + patience)
            got = await waiter.wait(until)
            if got is Signal.NO_RESPONDERS:
                asked = False
                got = await waiter.wait(min(deadline, trio.current_time() + pause))
                pause = min(2 * pause, LONGEST_PAUSE)
            if isinstance(got, bytes):
                return got
            if got is Signal.DENIED:
                raise Refused(Code.FORBIDDEN, f"the bus does not let {self._service} ask {op.name}")
            unknown = unknown or asked
            left = deadline - trio.current_time()
        raise Unavailable(f"{op.name}: no answer within {allowed:g} s", executed=None if unknown else False)

    def _send(self, op: Op[Any, Any], waiter: Waiter, headers: bytes, payload: bytes, unknown: bool) -> None:
        if not self._wire.send(waiter.subject, self._inbox + waiter.number, headers, payload):
            raise Unavailable(f"{op.name}: the bus is congested", executed=None if unknown else False)
