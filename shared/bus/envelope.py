"""The form of calls and answers on the wire.

A question's payload is its request; headers say for how many milliseconds somebody listens (``Deadline``), which
trace it belongs to (``Trace``) and, where spans are recorded, which span asks (``traceparent``, W3C Trace Context).
An answer is the array ``[0, reply]`` or ``[1, code, text, data]``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from shared.contracts.codec import Undecodable, encode, unpack
from shared.contracts.errors import Code, Refused
from shared.contracts.op import Op
from shared.observe import trace_context
from shared.observe.trace_context import Place
from shared.protocols.nats import headers

R = TypeVar("R")

_ANSWER = 0
_REFUSAL = 1
_CODES = {code.value: code for code in Code}


def question(milliseconds: int, trace: str, place: Place | None = None) -> bytes:
    """The header block of a call; ``place`` is the span that asks."""
    if not (trace and trace.isascii() and trace.isprintable()):
        return b"NATS/1.0\r\nDeadline: %d\r\n\r\n" % milliseconds
    if place is None:
        return b"NATS/1.0\r\nDeadline: %d\r\nTrace: %b\r\n\r\n" % (milliseconds, trace.encode())
    asks = trace_context.write(place)
    return b"NATS/1.0\r\nDeadline: %d\r\nTrace: %b\r\ntraceparent: %b\r\n\r\n" % (milliseconds, trace.encode(), asks)


def milliseconds_left(block: bytes) -> int | None:
    """The ``Deadline`` of a call, or None when there is none to be read."""
    value = headers.field(block, b"Deadline")
    return int(value) if value.isdigit() and len(value) < 10 else None


def trace_of(block: bytes) -> str:
    return headers.field(block, b"Trace").decode("ascii", "replace")


def traceparent_of(block: bytes) -> bytes:
    return headers.field(block, b"traceparent")


def answer(reply: object) -> bytes:
    """Raises TypeError, ValueError or OverflowError when the reply cannot travel."""
    return encode((_ANSWER, reply))


def refusal(code: Code, text: str, data: str) -> bytes:
    return encode((_REFUSAL, code.value, text, data))


def read_answer(op: Op[Any, R], octets: bytes) -> R:
    """The reply in ``octets``. Raises `Refused` when it is a no and `Undecodable` when it is neither."""
    fields = unpack(octets)
    if type(fields) is tuple and len(fields) == 2 and fields[0] == _ANSWER:
        return op.decode_reply(fields[1])
    match fields:
        case (1, str(code), str(text), str(data), *_):
            raise Refused(_CODES.get(code, Code.UNAVAILABLE), text, data)
    raise Undecodable("neither reply nor refusal")
