"""The door between the bus and storage.

Here a call's grant is judged, its request gets its place in the room that serves it, and what the rooms raise becomes
an answer in the bus's words. Handlers behind this door never see an unverified grant.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import trio

from services.storage.authority import AccountState, Authority
from services.storage.disk import DiskGuard
from services.storage.gate import Gate
from services.storage.registry import AnyRow
from services.storage.repositories import accounts
from services.storage.rooms import Rooms
from services.storage.turn import CallbackTurn, CallTurn
from services.storage.unit_of_work import Asked
from shared.bus.client import AnyCall, Bus, Subscription
from shared.contracts import blobs, messages, spool
from shared.contracts.errors import Code, Refused
from shared.observe import metrics
from shared.observe.log import Log

GROWING = frozenset(
    {spool.accept.name, messages.append.name, messages.replace.name, blobs.upload.name}
)  # refused while the disk is full


class Subscriber:
    """Serves rows on ``bus`` from `open` to `close`; the tasks of those that need one run in ``nursery``."""

    def __init__(
        self,
        bus: Bus,
        rooms: Rooms,
        authority: Authority,
        disk: DiskGuard,
        gate: Gate,
        nursery: trio.Nursery,
        log: Log,
    ) -> None:
        self._log = log
        self._disk = disk
        self._gate = gate
        self._nursery = nursery
        self._bus = bus
        self._rooms = rooms
        self._authority = authority
        self._subscriptions: list[Subscription] = []
        self._looked_up: dict[int, list[tuple[AnyRow, AnyCall]]] = {}
        self._open = 0
        self._empty = trio.Event()

    def open(self, rows: Iterable[AnyRow]) -> None:
        """Begin to serve."""
        for row in rows:
            self._subscriptions.append(self._bus.serve(row.op, partial(self._on_call, row)))

    async def close(self) -> None:
        """Take no more calls; returns when all that were taken are answered."""
        await self._bus.withdraw(self._subscriptions)
        self._subscriptions.clear()
        if self._open:
            self._empty = trio.Event()
            await self._empty.wait()

    def _on_call(self, row: AnyRow, call: AnyCall) -> None:
        try:
            self._admit(row, call)
        except Refused as refusal:
            call.refuse(refusal.code, refusal.text, refusal.data)

    def _admit(self, row: AnyRow, call: AnyCall) -> None:
        """Judge the grant, then let the request in."""
        if self._gate.closed and not self._gate.passes(row.op.name):
            raise Refused(Code.UNAVAILABLE, "a backup is being restored")
        if self._disk.full and row.op.name in GROWING:
            raise Refused(Code.UNAVAILABLE, "the disk is nearly full")
        request = call.request
        if not row.granted or (row.grant_optional and not request.grant):
            self._enter(row, call, Asked(request, call.caller, trace=call.trace))
            return
        claims = self._authority.claims(request.grant, call.caller)
        standing = self._authority.standing(claims)
        if standing is None:
            self._look_up(claims.account, row, call)
        elif standing:
            self._enter(row, call, Asked(request, call.caller, claims.account, claims.session, call.trace))
        else:
            raise Refused(Code.GRANT_EXPIRED, "the account was changed since the login")

    def _enter(self, row: AnyRow, call: AnyCall, asked: Asked[Any]) -> None:
        if row.shortcut is not None and (reply := row.shortcut(asked)) is not None:
            call.answer(reply)
            return
        if row.task is not None:
            self._nursery.start_soon(self._run_task, row, call, asked)
        else:
            self._rooms.enter(CallTurn(row, asked, call, self._settled))
        self._open += 1

    async def _run_task(self, row: AnyRow, call: AnyCall, asked: Asked[Any]) -> None:
        assert row.task is not None
        try:
            call.answer(await row.task(asked))
        except Refused as refusal:
            call.refuse(refusal.code, refusal.text, refusal.data)
        except Exception as error:  # noqa: BLE001 - the one place where a task of ours ends
            metrics.storage_errors_total(row.op.name).inc()
            self._log.error("storage.request_failed", op=row.op.name, exc_info=error)
            call.refuse(Code.UNAVAILABLE, "the request failed")
        finally:
            self._settled()

    def _settled(self) -> None:
        self._open -= 1
        if not self._open:
            self._empty.set()

    def _look_up(self, account: int, row: AnyRow, call: AnyCall) -> None:
        """Keep the call until the account's state is known; one question serves all who ask for it."""
        waiting = self._looked_up.get(account)
        if waiting is not None:
            waiting.append((row, call))
            return
        then = partial(self._learn, account, self._authority.generation)
        self._rooms.enter(CallbackTurn(accounts.STATE, Asked(accounts.StateRequest(account), "storage"), then))
        self._looked_up[account] = [(row, call)]

    def _learn(self, account: int, generation: int, outcome: Any) -> None:
        waiting = self._looked_up.pop(account)
        if isinstance(outcome, Refused):
            for _, call in waiting:
                call.refuse(outcome.code, outcome.text)
            return
        self._authority.learn(generation, {account: AccountState(outcome.version)})
        for row, call in waiting:
            self._on_call(row, call)
