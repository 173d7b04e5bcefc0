"""Signs of life, for `eilpost status` and for readiness."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Event, Op, Repeat, services

EVERYONE = services("smtp storage delivery imap pop3 managesieve")


class Alive(NamedTuple):
    """Published by every process each second."""

    service: str
    replica: str
    pid: int
    version: str
    started: float  # Unix seconds
    ready: bool
    draining: bool
    connections: int


alive = Event("control.alive", Alive, EVERYONE, services("admin"))


class Serving(NamedTuple):
    """A server has begun to answer. Who waits for the answer of one that died asks again at once, where that is
    harmless, instead of after its time-out."""

    replica: str


serving = Event(
    "control.serving", Serving, services("storage delivery"), services("smtp delivery imap pop3 managesieve admin")
)


class Spent(NamedTuple):
    """How many commands busy accounts gave one process of IMAP since its last notice: limits hold for all of them."""

    replica: str
    accounts: tuple[int, ...]
    commands: tuple[int, ...]


spent = Event("control.spent", Spent, services("imap"), services("imap"))


class Held(NamedTuple):
    """What the busiest keys of a limit hold in one process: connections of an address, sessions of an account. It
    takes the place of what the process told before."""

    replica: str
    keys: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()


def _among(service: str) -> Event[Held]:
    """An event for each service: none can feign another's connections."""
    return Event(f"control.{service}-connections", Held, services(service), services(service))


smtp_connections, imap_connections = _among("smtp"), _among("imap")
pop3_connections, managesieve_connections = _among("pop3"), _among("managesieve")
CONNECTIONS = {
    "smtp": smtp_connections,
    "imap": imap_connections,
    "pop3": pop3_connections,
    "managesieve": managesieve_connections,
}
imap_sessions = Event("control.imap-sessions", Held, services("imap"), services("imap"))


class Ping(NamedTuple):
    pass


class Pong(NamedTuple):
    replica: str


ping = Op("control.ping", Ping, Pong, services("smtp delivery imap pop3 managesieve admin"), 3.0, Repeat.SAFE)
