"""The server's side of a call: from a message to a `Call`, and from its answer to a message.

Nobody is answered whom the subject does not prove to be a caller of the operation, and nothing is ever sent to a
reply subject outside that caller's inbox: otherwise a service could make us write to subjects closed to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import trio
from structlog.typing import FilteringBoundLogger

from shared.bus import envelope
from shared.bus.client import Call
from shared.bus.wire import Wire
from shared.contracts.codec import Undecodable, unpack
from shared.contracts.errors import Code
from shared.contracts.op import Op
from shared.contracts.subjects import INBOX
from shared.observe import tracing
from shared.protocols.nats.frames import Message

Q = TypeVar("Q")
R = TypeVar("R")


class IncomingCall(Call[Q, R]):
    """A call that came over a wire."""

    __slots__ = ("_desk", "_reply")

    def __init__(self, desk: Desk[Q, R], reply: bytes, request: Q, caller: str, deadline: float, trace: str) -> None:
        super().__init__(request, caller, deadline, trace)
        self._desk = desk
        self._reply = reply

    def answer(self, reply: R) -> None:
        subject, self._reply = self._reply, b""
        if subject:
            self._desk.answer(subject, reply)
        if self.span is not None:
            self._end_span("")

    def refuse(self, code: Code, text: str = "", data: str = "") -> None:
        subject, self._reply = self._reply, b""
        if subject:
            self._desk.refuse(subject, code, text, data)
        if self.span is not None:
            self._end_span(f"{code.value} {text}")

    def _end_span(self, error: str) -> None:
        span, self.span = self.span, None
        if tracing.tracer is not None:
            tracing.tracer.end(span, {"eilpost.caller": self.caller}, error)


class Desk(Generic[Q, R]):
    """Where the calls of one operation arrive and its answers leave."""

    def __init__(
        self, op: Op[Q, R], on_call: Callable[[Call[Q, R]], None], wire: Wire, log: FilteringBoundLogger
    ) -> None:
        self._op = op
        self._on_call = on_call
        self._wire = wire
        self._log = log
        self._read = op.decode_request
        self._callers = {op.subject(caller).encode(): (caller, _inbox_of(caller)) for caller in op.callers}

    def received(self, message: Message) -> None:
        """Runs ``on_call``; whatever that raises is for the caller of this to log."""
        known = self._callers.get(message.subject)
        if known is None or not message.reply.startswith(known[1]):
            self._turn_away(message)
            return
        milliseconds = envelope.milliseconds_left(message.headers)
        try:
            request = self._read(unpack(message.payload))
        except Undecodable as error:
            self._log.warning("bus.malformed_request", op=self._op.name, caller=known[0], reason=str(error))
            self.refuse(message.reply, Code.MALFORMED, str(error))
            return
        seconds = self._op.deadline if milliseconds is None else milliseconds / 1000
        deadline = trio.current_time() + seconds
        call = IncomingCall(self, message.reply, request, known[0], deadline, envelope.trace_of(message.headers))
        if tracing.tracer is not None:
            asked_by = envelope.traceparent_of(message.headers)
            call.span = tracing.tracer.server(self._op.name, call.trace, asked_by)
        try:
            self._on_call(call)
        except BaseException:
            call.refuse(Code.UNAVAILABLE, "bug")
            raise

    def _turn_away(self, message: Message) -> None:
        """Refuse a service that may not call this, if the answer reaches nobody else; else say nothing."""
        caller = message.subject.rpartition(b".")[2].decode("ascii", "replace")
        self._log.warning(
            "bus.caller_refused", op=self._op.name, caller=caller, reply=message.reply.decode("ascii", "replace")
        )
        if message.reply.startswith(_inbox_of(caller)):
            self.refuse(message.reply, Code.FORBIDDEN, "not a caller of this operation")

    def answer(self, subject: bytes, reply: R) -> None:
        try:
            payload = envelope.answer(reply)
        except (TypeError, ValueError, OverflowError) as error:
            self._log.error("bus.reply_not_encodable", op=self._op.name, reason=str(error))
            self.refuse(subject, Code.UNAVAILABLE, "reply cannot be encoded")
            return
        if len(payload) > self._wire.max_payload:
            self._log.error("bus.reply_too_large", op=self._op.name, octets=len(payload))
            self.refuse(subject, Code.UNAVAILABLE, "reply too large for the bus")
            return
        if not self._wire.send(subject, b"", b"", payload, answer=True):
            self._log.info("bus.answer_dropped", op=self._op.name)

    def refuse(self, subject: bytes, code: Code, text: str, data: str = "") -> None:
        self._wire.send(subject, b"", b"", envelope.refusal(code, text, data), answer=True)


def _inbox_of(service: str) -> bytes:
    return f"{INBOX}.{service}.".encode()
