"""What an arrow between two services is: one typed operation, or one typed event.

An `Op` is asked by name and answered once. Its subject on the bus is ``<op>.<caller>``, so that the
bus's own publish permissions prove which service is asking. An `Event` is told to all who listen, at
most once; a listener that may have missed one asks for the truth.

Requests, replies and payloads are ``NamedTuple`` classes: msgpack writes them as arrays without
conversion, and new fields go to the end with a default, so that two versions can talk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from shared.contracts.codec import decoder

Q = TypeVar("Q")
R = TypeVar("R")


class Repeat(Enum):
    """Whether a caller that got no answer may ask again."""

    SAFE = "safe"  # a question, or a write that says the same twice
    KEYED = "keyed"  # a write under an idempotency key (`request.key`): the recorded answer comes back
    NEVER = "never"


@dataclass(frozen=True)
class Op(Generic[Q, R]):
    """One operation. ``deadline`` is in seconds and covers all repeats of one call."""

    name: str
    request: type[Q]
    reply: type[R]
    callers: frozenset[str]
    deadline: float
    repeat: Repeat
    server: str = "storage"

    def subject(self, caller: str) -> str:
        """The bus subject on which ``caller`` asks."""
        return f"{self.name}.{caller}"

    @property
    def served(self) -> str:
        """The subject pattern that the server subscribes to, in the queue group named after it."""
        return f"{self.name}.*"

    @property
    def decode_request(self) -> Callable[[object], Q]:
        return decoder(self.request)

    @property
    def decode_reply(self) -> Callable[[object], R]:
        return decoder(self.reply)


@dataclass(frozen=True)
class Event(Generic[Q]):
    """One kind of notice. ``keyed`` events carry a number chosen by the server as their last subject token."""

    name: str
    payload: type[Q]
    publishers: frozenset[str]
    listeners: frozenset[str]
    keyed: bool = False
    group: bool = False  # one listener of each service gets it (a doorbell) instead of all

    def subject(self, key: int | None = None) -> str:
        """The subject to publish on, or to listen on for one key; without a key, the pattern for all."""
        if not self.keyed:
            return self.name
        return f"{self.name}.{'*' if key is None else key}"

    @property
    def decode(self) -> Callable[[object], Q]:
        return decoder(self.payload)


def services(names: str) -> frozenset[str]:
    """``services("imap pop3")``: a set of service names."""
    return frozenset(names.split())
