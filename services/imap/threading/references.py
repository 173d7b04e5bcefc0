"""THREAD=REFERENCES (RFC 5256 section 3): who answers whom, then equal subjects together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.imap.threading.forest import Forest, Material
from services.imap.threading.links import NONE, Links
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
        forest = _plant(links.visible_parents(), dates)
        _order(forest, dates)
        if gather(links.subjects, dates, forest, links.next_node):
            _order(forest, dates)
        return forest


def _plant(parents: Sequence[int], dates: Sequence[int]) -> Forest:
    """Steps 2 to 4."""
    roots: list[int] = []
    children: dict[int, list[int]] = {}
    for number, parent in enumerate(parents):
        if parent == NONE:
            roots.append(number)
        elif parent in children:
            children[parent].append(number)
        else:
            children[parent] = [number]
    for below in children.values():
        if len(below) > 1:
            below.sort(key=dates.__getitem__)
    for parent in [parent for parent in children if parent >= len(parents)]:
        if len(children[parent]) > 1:
            roots.append(parent)
        else:
            roots += children.pop(parent)
    return Forest(roots, children)


def _order(forest: Forest, dates: Sequence[int]) -> None:
    size, children = len(dates), forest.children
    forest.roots.sort()
    if not forest.roots or forest.roots[-1] < size:
        forest.roots.sort(key=dates.__getitem__)
        return
    firsts = {root: root if root < size else children[root][0] for root in forest.roots}
    forest.roots.sort(key=lambda root: (dates[firsts[root]], firsts[root]))
