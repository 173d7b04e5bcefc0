"""The table of all arrows, and what each service may therefore do on the bus.

The NATS permissions, the Kubernetes network policy test and the documentation are derived from here;
subject text stands nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.contracts import (
    acl,
    backup,
    blobs,
    changes,
    control,
    directory,
    dkim,
    greylist,
    imap_events,
    mailboxes,
    maildrop,
    messages,
    metadata,
    outbound,
    quota,
    reports,
    restore,
    search,
    sieve,
    sorting,
    spool,
    verify,
)
from shared.contracts.op import Event, Op

FAMILIES = (
    acl,
    backup,
    blobs,
    changes,
    control,
    directory,
    dkim,
    greylist,
    imap_events,
    maildrop,
    mailboxes,
    messages,
    metadata,
    quota,
    outbound,
    reports,
    restore,
    search,
    sieve,
    sorting,
    spool,
    verify,
)

OPERATIONS: dict[str, Op[Any, Any]] = {}
EVENTS: dict[str, Event[Any]] = {}
for _family in FAMILIES:
    for _value in vars(_family).values():
        if isinstance(_value, Op):
            OPERATIONS[_value.name] = _value
        elif isinstance(_value, Event):
            EVENTS[_value.name] = _value

TOOLS = frozenset({"admin", "backup"})  # accounts of the command line
SERVICES = frozenset({"smtp", "storage", "delivery", "imap", "pop3", "managesieve"}) | TOOLS
INBOX = "_INBOX"


def inbox(service: str, replica: str) -> str:
    """The prefix of reply subjects of one replica; replies go to ``<prefix>.<number>``."""
    return f"{INBOX}.{service}.{replica}"


@dataclass(frozen=True)
class Permissions:
    """Subject patterns of one service's bus account. A subscription in a queue group is ``"pattern group"``."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def permissions(service: str) -> Permissions:
    """All that ``service`` may publish and subscribe to, and nothing else."""
    publish = {op.subject(service) for op in OPERATIONS.values() if service in op.callers}
    publish |= {event.subject() for event in EVENTS.values() if service in event.publishers}
    callers = {caller for op in OPERATIONS.values() if op.server == service for caller in op.callers}
    publish |= {f"{INBOX}.{caller}.>" for caller in callers}
    subscribe = {f"{op.served} {op.server}" for op in OPERATIONS.values() if op.server == service}
    for event in EVENTS.values():
        if service in event.listeners:
            subscribe.add(f"{event.subject()} {service}" if event.group else event.subject())
    subscribe.add(f"{INBOX}.{service}.>")
    return Permissions(tuple(sorted(publish)), tuple(sorted(subscribe)))
