"""`sieve.refusals`: will the scripts of these recipients refuse a letter that a front has not accepted yet?

So that the sender's own server hears of it, and no report goes to whoever the envelope names (RFC 5429 section 2.1).
Nothing is carried out and nothing is promised: where we cannot tell, the letter is accepted, its scripts run again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import trio

from services.delivery.routing import Task, route
from services.delivery.sieve.filtering import Filtering
from shared.bus.client import Bus, Call
from shared.contracts import directory, sieve
from shared.contracts.directory import Resolve
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.sieve import Examine, Refusals, SpooledLetter
from shared.contracts.spool import Due, Letter
from shared.mail.summary import summarise
from shared.observe import metrics
from shared.observe.log import Log
from shared.sieve.outcome import Reject

PLAIN = "Refused by the recipient's mail filtering program"
MOST = 16  # letters examined at once

_PANICS = metrics.panics_total("delivery")


class Examiner:
    """Answers one call after the other, each in a task of its own."""

    def __init__(self, bus: Bus, filtering: Filtering, log: Log) -> None:
        self._bus = bus
        self._filtering = filtering
        self._log = log
        self._open = 0

    def serve(self, nursery: trio.Nursery, call: Call[Examine, Refusals]) -> None:
        """Take a call, unless too many are in hand."""
        if self._open >= MOST:
            call.refuse(Code.UNAVAILABLE, "too many letters are examined")
            return
        self._open += 1
        nursery.start_soon(self._answer, call)

    async def _answer(self, call: Call[Examine, Refusals]) -> None:
        try:
            call.answer(Refusals(await self._reasons(call.request)))
        except Refused as error:
            call.refuse(error.code, error.text)
        except Unavailable as error:
            call.refuse(Code.UNAVAILABLE, str(error))
        except Exception as error:  # noqa: BLE001 - the one catch point of this room
            _PANICS.inc()
            self._log.error("delivery.bug", trace=call.trace, exc_info=error)
            call.refuse(Code.UNAVAILABLE, "bug")
        finally:
            self._open -= 1

    async def _reasons(self, request: Examine) -> tuple[str, ...]:
        resolved = await self._bus.call(directory.resolve, Resolve(request.recipients))
        due = tuple([Due(number, one.address, 0, one) for number, one in enumerate(resolved.resolutions)])
        letter = Letter("", 0, "", request.sender, 0.0, len(request.octets), "", False, due)
        letter = letter._replace(deliver_by=request.deliver_by, by_mode=request.by_mode)
        shown = _shown(request)
        return tuple([await self._reason(task, shown) for task in route(letter)])

    async def _reason(self, task: Task, shown: SpooledLetter) -> str:
        if not task.due.resolution.refuses or not self._filtering.concerns(task):
            return ""
        refused = await self._filtering.refusals(task, shown)
        texts = [_in_ascii(one) for one in refused]
        return texts[0] if texts and all(texts) else ""


def _in_ascii(refused: Reject | None) -> str:
    """What can be said in the dialogue, "" when it must be said by a letter (RFC 5429 sections 2.1.1 and 2.2)."""
    if refused is None:
        return ""
    if refused.reason.isascii():
        return refused.reason.strip() or PLAIN
    return PLAIN if refused.in_protocol else ""


def _shown(request: Examine) -> SpooledLetter:
    octets = request.octets
    return SpooledLetter(
        "",
        octets,
        len(octets),
        0,
        summarise(octets).parts,
        "",
        request.envelope_id,
        request.ret,
        request.client,
    )


@asynccontextmanager
async def examining(bus: Bus, filtering: Filtering, log: Log) -> AsyncIterator[None]:
    """Answer while inside; those in hand at the end are answered too."""
    examiner = Examiner(bus, filtering, log)
    async with trio.open_nursery() as nursery:
        subscription = bus.serve(sieve.refusals, partial(examiner.serve, nursery))
        try:
            yield
            await bus.withdraw([subscription])
        finally:
            subscription.close()
