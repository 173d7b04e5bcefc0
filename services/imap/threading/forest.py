"""What threads are built of, and what comes of it. Pure."""

from __future__ import annotations

from array import array
from typing import NamedTuple


class Material(NamedTuple):
    """Parallel columns, ascending by UID.

    ``ids``: of each message as many numbers as its octet in ``counts`` says: its base subject (the lowest bit tells a
    reply or forward; 0 or 1 for an empty subject), its own id (0 for none), and those of its ancestors, parent last.
    """

    uids: array[int]
    dates: array[int]
    counts: bytearray
    ids: array[int]


class Forest(NamedTuple):
    """Messages are numbered as in the material; a node above them stands for one that is missing.

    ``children`` has a list for each node that has any; a missing one has two or more.
    """

    roots: list[int]
    children: dict[int, list[int]]
