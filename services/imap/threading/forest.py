"""What threads are built of, and what comes of it. Pure."""

from __future__ import annotations

from array import array
from typing import NamedTuple, Protocol


class Material(NamedTuple):
    """A page of messages as parallel columns, ascending by UID.

    ``ids``: of each message as many numbers as its octet in ``counts`` says: its base subject (the lowest bit tells a
    reply or forward; 0 or 1 for an empty subject), its own id (0 for none), and those of its ancestors, parent last.
    """

    uids: array[int]
    dates: array[int]
    counts: bytes
    ids: array[int]


class Forest(NamedTuple):
    """Messages are numbered as in the material; a node above them stands for one that is missing.

    ``children`` has a list for each node that has any; a missing one has two or more.
    """

    roots: list[int]
    children: dict[int, list[int]]


class Algorithm(Protocol):
    """Takes messages in pages, and threads them all."""

    def add(self, page: Material) -> None: ...

    def finish(self) -> Forest: ...
