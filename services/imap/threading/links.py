"""Which message answers which (RFC 5256 section 3, REFERENCES, step 1). Pure.

Invariants:
1. No chain of parents comes back to where it began.
2. A message's own References win over what those of others say about it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from services.imap.threading.forest import Material

NONE = -1
_STEPS = (
    5_000_000  # up the chains of parents in search of loops, beyond which links that might close one are not made
)
_CHAINS = 50_000  # remembered
_CHAIN = 256  # octets of one that is remembered


class Links:
    """``parents``: of each message, and behind them of each missing one; `NONE` for a root."""

    def __init__(self, material: Material) -> None:
        self.size = len(material.uids)
        self.parents: list[int] = [NONE] * self.size
        self._has_children = bytearray(self.size)
        self._nodes: dict[int, int] = {}  # the first message of each id, and the missing ones
        self._steps = _STEPS
        self._name(material)
        self._link(material)

    def _name(self, material: Material) -> None:
        ids, nodes = material.ids, self._nodes
        at = 1
        for number, count in enumerate(material.counts):
            own = ids[at]
            if own and own not in nodes:
                nodes[own] = number
            at += count

    def _link(self, material: Material) -> None:
        ids, octets = material.ids, material.ids.tobytes()
        parents, nodes, has_children = self.parents, self._nodes, self._has_children
        known: set[bytes] = set()  # chains whose every link was made, or could not be
        at = 0
        for number, count in enumerate(material.counts):
            end = at + count
            if count > 2:
                chain = octets[(at + 2) * 8 : end * 8]
                if chain not in known:
                    self._link_chain(ids[at + 2 : end])
                parent = nodes[ids[end - 1]]
                if has_children[number] or parent == number:
                    self._put(number, parent)
                else:  # what `_put` would do
                    parents[number] = parent
                    has_children[parent] = 1
                if len(chain) <= _CHAIN and len(known) < _CHAINS and nodes.get(ids[at + 1]) == number:
                    known.add(chain + octets[(at + 1) * 8 : (at + 2) * 8])
            elif parents[number] != NONE:
                parents[number] = NONE
            at = end

    def _link_chain(self, chain: Sequence[int]) -> None:
        """Each of ``chain`` is the parent of the next, unless that one has another."""
        before = NONE
        for id in chain:
            node = self._nodes.get(id, NONE)
            if node == NONE:
                node = self._nodes[id] = len(self.parents)
                self.parents.append(NONE)
                self._has_children.append(0)
            if before != NONE and self.parents[node] == NONE:
                self._put(node, before)
            before = node

    def _put(self, node: int, parent: int) -> None:
        if node == parent or (self._has_children[node] and self._descends(parent, node)):
            return
        self.parents[node] = parent
        self._has_children[parent] = 1

    def _descends(self, node: int, from_: int) -> bool:
        """Whether ``from_`` is above ``node``; or perhaps is, when too much has been asked already."""
        parents = self.parents
        while node != from_:
            node = parents[node]
            if node == NONE:
                return False
            self._steps -= 1
            if self._steps < 0:
                return True
        return True

    def visible_parents(self) -> array[int]:
        """For each message its parent, where missing ones count only as roots (step 3)."""
        parents, size = self.parents, self.size
        for node in range(size, len(parents)):
            path = []
            top = node
            while top >= size and parents[top] != NONE:
                path.append(top)
                top = parents[top]
            for each in path:
                parents[each] = top
        visible = array("q", parents[:size])
        for number, parent in enumerate(visible):
            if parent >= size and parents[parent] != NONE:
                visible[number] = parents[parent]
        return visible
