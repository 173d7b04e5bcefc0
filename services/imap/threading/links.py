"""Which message answers which (RFC 5256 section 3, REFERENCES, step 1). Pure.

Messages come in pages, so that one page is linked while the next one travels. A node stands for an id: for the
message that has it, or, until that comes, for one that is missing.

Invariants:
1. No chain of parents comes back to where it began.
2. A message's own References win over what those of others say about it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.threading.forest import NONE

_STEPS = 5_000_000  # up the chains of parents in search of loops; beyond them, what might close one is not linked
_CHAINS = 50_000  # remembered, and those of one page
_CHAIN = 34  # ids of one that is remembered


class Links:
    """``subjects``: of each message, as in the material."""

    def __init__(self) -> None:
        self.subjects: list[int] = []
        self._parents: list[int] = []  # of each node
        self._has_children = bytearray()
        self._messages: list[int] = []  # of each node: the number of its message, NONE for a missing one
        self._places: list[int] = []  # of each message: its node
        self._nodes: dict[int, int] = {}  # by id
        self._known: set[bytes] = set()  # chains of ids whose every link was made, or could not be
        self._steps = _STEPS

    def add(self, counts: bytes | bytearray, ids: array[int]) -> None:
        """Link the next messages (see `services.imap.threading.forest.Material`)."""
        octets = ids.tobytes()
        parents, nodes, messages, has_children = self._parents, self._nodes, self._messages, self._has_children
        known, subjects, places = self._known, self.subjects, self._places
        at, number = 0, len(places)
        longest = _CHAIN if len(known) < _CHAINS else 0
        for count in counts:
            subjects.append(ids[at])
            own = ids[at + 1]
            end = at + count
            node = nodes.get(own, NONE) if own else NONE
            first = node == NONE or messages[node] == NONE  # of this id
            if node != NONE and first:
                messages[node] = number
            else:
                node = len(parents)
                parents.append(NONE)
                has_children.append(0)
                messages.append(number)
                if own and first:
                    nodes[own] = node
            places.append(node)
            number += 1
            if count > 2:
                chain = octets[at * 8 + 16 : end * 8]
                if chain not in known:
                    self._link_chain(ids[at + 2 : end])
                parent = nodes[ids[end - 1]]
                if has_children[node] or parent == node:
                    self._put(node, parent)
                else:  # what `_put` would do
                    parents[node] = parent
                    has_children[parent] = 1
                if count <= longest and own and first:
                    known.add(chain + octets[at * 8 + 8 : at * 8 + 16])
            elif parents[node] != NONE:
                parents[node] = NONE
            at = end

    def _link_chain(self, chain: Sequence[int]) -> None:
        """Each of ``chain`` is the parent of the next, unless that one has another."""
        before = NONE
        for id in chain:
            node = self._nodes.get(id, NONE)
            if node == NONE:
                node = self._nodes[id] = len(self._parents)
                self._parents.append(NONE)
                self._has_children.append(0)
                self._messages.append(NONE)
            if before != NONE and self._parents[node] == NONE:
                self._put(node, before)
            before = node

    def _put(self, node: int, parent: int) -> None:
        if node == parent or (self._has_children[node] and self._descends(parent, node)):
            return
        self._parents[node] = parent
        self._has_children[parent] = 1

    def _descends(self, node: int, from_: int) -> bool:
        """Whether ``from_`` is above ``node``; or perhaps is, when too much has been asked already."""
        parents = self._parents
        while node != from_:
            node = parents[node]
            if node == NONE:
                return False
            self._steps -= 1
            if self._steps < 0:
                return True
        return True

    @property
    def next_node(self) -> int:
        """A number above all that `visible_parents` gives."""
        return len(self._places) + len(self._parents)

    def visible_parents(self) -> list[int]:
        """For each message the number of its parent, `NONE` for none. A missing one counts only when it has no parent
        itself, and has a number above those of all messages (step 3)."""
        parents, messages, size = self._parents, self._messages, len(self._places)
        if len(parents) > size:
            self._lift()
        found = []
        for node in self._places:
            parent = parents[node]
            if parent == NONE:
                found.append(NONE)
                continue
            number = messages[parent]
            if number == NONE and parents[parent] != NONE:
                parent = parents[parent]
                number = messages[parent]
            found.append(number if number != NONE else size + parent)
        return found

    def _lift(self) -> None:
        """Let the parent of each missing message be what stands for it: a message, or a root."""
        parents, messages = self._parents, self._messages
        for node, message in enumerate(messages):
            if message != NONE:
                continue
            path = []
            while messages[node] == NONE and parents[node] != NONE:
                path.append(node)
                node = parents[node]
            for each in path:
                parents[each] = node
