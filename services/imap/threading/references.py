"""THREAD=REFERENCES (RFC 5256 section 3): who answers whom, then equal subjects together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.imap.threading.forest import NONE, Forest, Material
from services.imap.threading.links import Links
from services.imap.threading.subjects import gather


class ByReferences:
    """Siblings in the order of their dates, threads in that of their first messages' dates."""

    def __init__(self) -> None:
        self._links = Links()
        self._dates: list[int] = []

    def add(self, page: Material) -> None:
        """The next messages."""
        self._dates += page.dates
        self._links.add(page.counts, page.ids)

    def finish(self) -> Forest:
        """The threads of all that was added."""
        links, dates = self._links, self._dates
        forest = _plant(links.visible_parents(), dates, links.next_node)
        if gather(links.subjects, dates, forest):
            _order(forest, dates)
        return forest


def _plant(parents: Sequence[int], dates: Sequence[int], nodes: int) -> Forest:
    """Steps 2 to 4. The last come first, so that each is put in front of its siblings."""
    forest = Forest([], [NONE] * nodes, [NONE] * nodes)
    roots, first, following = forest
    crowded: set[int] = set()  # what has several children
    for number, parent in zip(range(len(parents) - 1, -1, -1), reversed(parents), strict=True):
        if parent == NONE:
            roots.append(number)
            continue
        if (beside := first[parent]) != NONE:
            following[number] = beside
            crowded.add(parent)
        first[parent] = number
    for parent in crowded:
        forest.place(parent, sorted(forest.children(parent), key=dates.__getitem__))
    missing = [node for node in range(len(parents), nodes) if first[node] != NONE]
    roots += [node if node in crowded else first[node] for node in missing]
    _order(forest, dates)
    return forest


def _order(forest: Forest, dates: Sequence[int]) -> None:
    """Threads by the dates of their first messages."""
    size, first = len(dates), forest.first
    forest.roots.sort()
    if not forest.roots or forest.roots[-1] < size:
        forest.roots.sort(key=dates.__getitem__)
        return
    leaders = {root: root if root < size else first[root] for root in forest.roots}
    forest.roots.sort(key=lambda root: (dates[leaders[root]], leaders[root]))
