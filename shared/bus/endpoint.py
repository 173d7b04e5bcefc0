"""A place on the bus, over any wire: the promises of `shared.bus.client` are kept here and in the modules it uses.

`Endpoint` joins what a service asks for (calls, servers, events) to what a wire moves (subjects and octets). It holds
the table of subscriptions, so that a wire which lost its connection can make them again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NamedTuple, TypeVar

from structlog.typing import FilteringBoundLogger

from shared.bus.answering import Desk
from shared.bus.asking import Asking
from shared.bus.client import Bus, Call, Subscription
from shared.bus.pending import PendingCalls, Signal
from shared.bus.wire import Receiver, Wire
from shared.contracts import control
from shared.contracts.codec import Undecodable, encode, unpack
from shared.contracts.op import Event, Op
from shared.contracts.subjects import inbox
from shared.protocols.nats import headers
from shared.protocols.nats.frames import Message

Q = TypeVar("Q")
R = TypeVar("R")


class Standing(NamedTuple):
    """One subscription as the endpoint keeps it."""

    subject: bytes
    group: bytes
    on_message: Callable[[Message], None]
    on_gap: Callable[[], None] | None


class EndpointSubscription(Subscription):
    def __init__(self, endpoint: Endpoint, sid: bytes) -> None:
        self._endpoint = endpoint
        self.sid = sid

    def close(self) -> None:
        self._endpoint.forget(self.sid)


class Endpoint(Bus, Receiver):
    """See the module. ``attach`` gives it its wire before anything else is called."""

    def __init__(self, service: str, replica: str, log: FilteringBoundLogger) -> None:
        self.service = service
        self.replica = replica
        self.log = log
        self.pending = PendingCalls()
        self._inbox = inbox(service, replica).encode() + b"."
        self._standing: dict[bytes, Standing] = {}
        self._leaving: dict[bytes, Standing] = {}  # no longer asked for; what is under way to them is taken
        self._last_sid = 0
        self._serves = False
        self._dropped = 0

    def attach(self, wire: Wire) -> None:
        self._wire = wire
        self._asking = Asking(self.service, self._inbox, wire, self.pending, self.log)
        self._stand(Standing(self._inbox + b">", b"", self._reply_received, None))
        if self.service in control.serving.listeners:
            self.subscribe(control.serving, lambda _: self.pending.wake_all(Signal.ASK_AGAIN))

    @property
    def connected(self) -> bool:
        return self._wire.connected

    # --- the four verbs ---

    def call(
        self, op: Op[Q, R], request: Q, *, trace: str = "", timeout: float | None = None
    ) -> Coroutine[Any, Any, R]:
        return self._asking.call(op, request, trace, timeout)

    def serve(self, op: Op[Q, R], on_call: Callable[[Call[Q, R]], None]) -> Subscription:
        self._serves = True
        desk = Desk(op, on_call, self._wire, self.log)
        return self._stand(Standing(op.served.encode(), op.server.encode(), desk.received, None))

    def publish(self, event: Event[Q], payload: Q, *, key: int | None = None) -> None:
        octets = encode(payload)
        if len(octets) > self._wire.max_payload:  # the broker would close the connection over it
            self.log.error("bus.event_too_large", event_name=event.name, octets=len(octets))
            return
        if self._wire.send(event.subject(key).encode(), b"", b"", octets):
            self._dropped = 0
            return
        self._dropped += 1
        if self._dropped == 1 and self._wire.connected:  # that we are disconnected is known already
            self.log.warning("bus.events_dropped", event_name=event.name)

    def subscribe(
        self,
        event: Event[Q],
        on_event: Callable[[Q], None],
        *,
        key: int | None = None,
        on_gap: Callable[[], None] | None = None,
    ) -> Subscription:
        read = event.decode

        def received(message: Message) -> None:
            try:
                payload = read(unpack(message.payload))
            except Undecodable as error:
                self.log.warning("bus.malformed_event", event_name=event.name, reason=str(error))
                return
            on_event(payload)

        group = self.service.encode() if event.group else b""
        return self._stand(Standing(event.subject(key).encode(), group, received, on_gap))

    # --- subscriptions ---

    def _stand(self, standing: Standing) -> Subscription:
        self._last_sid += 1
        sid = b"%d" % self._last_sid
        self._standing[sid] = standing
        self._wire.listen(sid, standing.subject, standing.group)
        return EndpointSubscription(self, sid)

    def forget(self, sid: bytes) -> None:
        if self._standing.pop(sid, None) is not None:
            self._wire.unlisten(sid)

    async def withdraw(self, subscriptions: Iterable[Subscription]) -> None:
        sids = [each.sid for each in subscriptions if isinstance(each, EndpointSubscription)]
        leaving = {sid: standing for sid in sids if (standing := self._standing.get(sid)) is not None}
        self._leaving |= leaving
        for sid in leaving:
            self.forget(sid)
        await self._wire.round_trip()
        for sid in leaving:
            del self._leaving[sid]

    # --- what the wire tells ---

    def standing(self) -> list[tuple[bytes, bytes, bytes]]:
        """Sid, subject and group of each subscription, for a wire that has to make them again."""
        return [(sid, standing.subject, standing.group) for sid, standing in self._standing.items()]

    def received(self, message: Message) -> None:
        standing = self._standing.get(message.sid) or self._leaving.get(message.sid)
        if standing is not None:
            self._guarded(standing.on_message, message)

    def denied(self, kind: str, subject: str) -> None:
        self.log.error("bus.denied", kind=kind, subject=subject)
        if kind == "publish":
            self.pending.wake_all(Signal.DENIED, subject.encode())

    def restored(self, *, gap: bool) -> None:
        self.pending.wake_all(Signal.ASK_AGAIN)
        if self._serves and self.service in control.serving.publishers:
            self.publish(control.serving, control.Serving(self.replica))
        if not gap:
            return
        for standing in list(self._standing.values()):
            if standing.on_gap is not None:
                self._guarded(standing.on_gap)

    def _reply_received(self, message: Message) -> None:
        number = message.subject[len(self._inbox) :]
        if message.headers and headers.status(message.headers) == headers.NO_RESPONDERS:
            self.pending.wake(number, Signal.NO_RESPONDERS)
        else:
            self.pending.wake(number, message.payload)

    def _guarded(self, callback: Callable[..., None], *arguments: Any) -> None:
        """Run what a service gave us; its mistakes are its own and must not stop the bus of the process."""
        try:
            callback(*arguments)
        except Exception:
            self.log.exception("bus.callback_bug")
