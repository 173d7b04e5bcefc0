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
from itertools import accumulate

from services.imap.threading.forest import NONE

_STEPS = 5_000_000  # up the chains of parents in search of loops; beyond them, what might close one is not linked
_CHAINS = 50_000  # remembered, and those of one page
_CHAIN = 34  # ids of one that is remembered
_ID = 8  # octets


class Links:
    """``subjects``: of each message, as in the material."""

    def __init__(self) -> None:
        self.subjects: list[int] = []
        self._parents: list[int] = []  # of each node
        self._has_children = bytearray()
        self._messages: list[int] = []  # of each node: the number of its message, NONE for a missing one
        self._places: list[int] = []  # of each message: its node
        self._nodes: dict[int, int] = {}  # by id
        self._chains: dict[int, bytes] = {}  # by node: what its message named; its links were made, or could not be
        self._steps = _STEPS

    def add(self, counts: bytes | bytearray, ids: array[int]) -> None:
        """Link the next messages (see `services.imap.threading.forest.Material`)."""
        starts = list(accumulate(counts, initial=0))
        starts.pop()
        self.subjects += map(ids.__getitem__, starts)
        octets = ids.tobytes()
        nodes, chains, parents, has_children = self._nodes, self._chains, self._parents, self._has_children
        longest = _CHAIN if len(chains) < _CHAINS else 0
        for node, start, count in zip(self._make_room(len(counts)), starts, counts, strict=True):
            own = ids[start + 1]
            named = True
            if not own or nodes.setdefault(own, node) != node:
                node, named = self._settle(node, own)
            if count > 2:
                end = start + count
                parent = nodes.get(ids[end - 1], NONE)
                chain = octets[start * _ID + 2 * _ID : end * _ID]
                # Most answers name what their parent's message named, and the parent.
                if parent == NONE or (count > 3 and chains.get(parent) != chain[:-_ID]):
                    parent = self._link_chain(ids[start + 2 : end])
                if has_children[node] or parent == node:
                    self._put(node, parent)
                else:  # what `_put` would do
                    parents[node] = parent
                    has_children[parent] = 1
                if named and count <= longest:
                    chains[node] = chain
            elif parents[node] != NONE:
                parents[node] = NONE

    def _make_room(self, count: int) -> range:
        """The nodes that the next messages get, unless they have one already."""
        nodes = range(len(self._parents), len(self._parents) + count)
        self._parents += [NONE] * count
        self._has_children += bytes(count)
        self._messages += range(len(self._places), len(self._places) + count)
        self._places += nodes
        return nodes

    def _settle(self, node: int, own: int) -> tuple[int, bool]:
        """The node of a message that is not the first to speak of its id, and whether it has that id."""
        missing = self._nodes[own] if own else node
        if self._messages[missing] != NONE:  # the id is another's, or there is none
            return node, False
        number = self._messages[missing] = self._messages[node]
        self._messages[node] = NONE
        self._places[number] = missing
        return missing, True

    def _link_chain(self, chain: Sequence[int]) -> int:
        """Each of ``chain`` is the parent of the next, unless that one has another; the node of the last."""
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
        return before

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
        size = len(self._places)
        return size if len(self._parents) == size else size + len(self._parents)

    def visible_parents(self) -> list[int]:
        """For each message the number of its parent, `NONE` for none. A missing one counts only when it has no parent
        itself, and has a number above those of all messages (step 3)."""
        parents, messages, size = self._parents, self._messages, len(self._places)
        if len(parents) == size:  # nothing is missing, and each message got the node that was its number
            return parents
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
