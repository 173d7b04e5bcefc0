"""What threads are built of, and what comes of it. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple, Protocol

NONE = -1


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

    ``first`` has for each node its first child, ``following`` the sibling after it, `NONE` where there is none: two
    columns, since a list for each of many nodes is dear. A missing one has two children or more.
    """

    roots: list[int]
    first: list[int]
    following: list[int]

    def children(self, node: int) -> Iterator[int]:
        """In their order."""
        child = self.first[node]
        while child != NONE:
            yield child
            child = self.following[child]

    def place(self, node: int, children: list[int]) -> None:
        """Let ``node`` have these children, and none but these."""
        before = NONE
        for child in reversed(children):
            self.following[child] = before
            before = child
        self.first[node] = before


class Algorithm(Protocol):
    """Takes messages in pages, and threads them all."""

    def add(self, page: Material) -> None: ...

    def finish(self) -> Forest: ...
