"""THREAD=REFERENCES (RFC 5256 section 3): who answers whom, then equal subjects together. Pure."""

from __future__ import annotations

from services.imap.threading.forest import Forest, Material
from services.imap.threading.links import NONE, Links
from services.imap.threading.subjects import gather


def by_references(material: Material) -> Forest:
    """Siblings in the order of their dates, threads in that of their first messages' dates."""
    links = Links(material)
    forest = _plant(material, links)
    _order(forest, material)
    if gather(material, forest, len(links.parents)):
        _order(forest, material)
    return forest


def _plant(material: Material, links: Links) -> Forest:
    """Steps 2 to 4."""
    roots: list[int] = []
    children: dict[int, list[int]] = {}
    for number, parent in enumerate(links.visible_parents()):
        if parent == NONE:
            roots.append(number)
        elif parent in children:
            children[parent].append(number)
        else:
            children[parent] = [number]
    for below in children.values():
        below.sort(key=material.dates.__getitem__)
    for parent in [parent for parent in children if parent >= links.size]:
        if len(children[parent]) > 1:
            roots.append(parent)
        else:
            roots += children.pop(parent)
    return Forest(roots, children)


def _order(forest: Forest, material: Material) -> None:
    size, dates, children = len(material.uids), material.dates, forest.children
    if all(root < size for root in forest.roots):
        forest.roots.sort()
        forest.roots.sort(key=dates.__getitem__)
        return
    firsts = {root: root if root < size else children[root][0] for root in forest.roots}
    forest.roots.sort(key=lambda root: (dates[firsts[root]], firsts[root]))
