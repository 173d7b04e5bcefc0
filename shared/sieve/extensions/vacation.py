"""vacation (RFC 5230): an answer to whoever writes. Who gets one, and how often, is decided where it is sent."""

from __future__ import annotations

import hashlib

from shared.sieve.addresses import check_author
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.extensions.fcc import fcc_of
from shared.sieve.outcome import Vacation
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve, resolve_all, source

DAY = 86_400
_DEFAULT_DAYS, _MIN_DAYS, _MAX_DAYS = 7, 1, 90


def interval(arguments: Arguments) -> int:
    """Seconds until a sender may get a second answer, within our bounds (RFC 5230 section 4.1, RFC 6131)."""
    seconds = arguments.tag_number("seconds")
    if seconds is not None:
        return min(seconds, _MAX_DAYS * DAY)
    days = arguments.tag_number("days")
    return min(max(_DEFAULT_DAYS if days is None else days, _MIN_DAYS), _MAX_DAYS) * DAY


def _handle(parts: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _vacation(arguments: Arguments) -> Step:
    (reason,) = arguments.texts(0)
    subject, sender = (given[0] if (given := arguments.tag_texts(tag)) else None for tag in ("subject", "from"))
    addresses, handle = arguments.tag_texts("addresses") or (), arguments.tag_texts("handle")
    seconds, is_mime, fcc = interval(arguments), arguments.has("mime"), fcc_of(arguments)
    if isinstance(sender, str) and sender:
        check_author(sender, arguments.fail)
    # Answers differ by what the script says, not by what its variables hold (RFC 5230 section 4.2).
    own_handle = _handle((source(reason), source(subject), source(sender), is_mime))

    def step(run: Run) -> Signal | None:
        run.needs_delivery("vacation")
        if run.has_rejected() or any(isinstance(one, Vacation) for one in run.actions):
            raise RunProblem("one answer is enough")
        text = resolve(reason, run)
        if is_mime and not text.isascii():
            raise RunProblem("a MIME entity is ASCII")
        origin = "" if sender is None else resolve(sender, run)
        if origin:
            check_author(origin, RunProblem)
        action = Vacation(
            text,
            own_handle if handle is None else resolve(handle[0], run)[:200],
            seconds,
            "" if subject is None else resolve(subject, run),
            origin,
            tuple(resolve_all(addresses, run)),
            is_mime,
            None if fcc is None else fcc(run),
            run.message.content,
        )
        run.act(action, cancels_keep=False)
        return None

    return step


TAGS = (
    TagRow("days", Value.NUMBER, "period"),
    TagRow("subject", Value.STRING),
    TagRow("from", Value.STRING),
    TagRow("addresses", Value.STRINGS),
    TagRow("mime"),
    TagRow("handle", Value.STRING),
)
EXTENSION = Extension(
    "vacation", commands=(CommandRow("vacation", _vacation, (Value.STRING,), TAGS),), for_delivery=True
)
