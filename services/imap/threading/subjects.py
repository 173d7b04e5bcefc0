"""Threads whose first messages have one base subject become one (RFC 5256 section 3, REFERENCES, step 5). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.imap.threading.forest import Forest

_NO_SUBJECT = 1


def gather(subjects: Sequence[int], dates: Sequence[int], forest: Forest, next_node: int) -> bool:
    """Join threads of ``forest``, whose nodes are below ``next_node``; whether there was anything to join."""
    joining = _Joining(subjects, dates, forest, next_node)
    if not joining.needed:
        return False
    joining.choose()
    joining.join()
    return True


class _Joining:
    def __init__(self, subjects: Sequence[int], dates: Sequence[int], forest: Forest, next_node: int) -> None:
        self._size = len(dates)
        self._dates = dates
        self._children = forest.children
        self._forest = forest
        self._next = next_node
        self._subjects = [subjects[root if root < self._size else forest.children[root][0]] for root in forest.roots]
        self._replies = {root for root, each in zip(forest.roots, self._subjects, strict=True) if each & 1}
        self._table: dict[int, int] = {}  # the thread that others of its subject join

    @property
    def needed(self) -> bool:
        return len({each | 1 for each in self._subjects}) < len(self._subjects)

    def choose(self) -> None:
        """A missing message is preferred, then one that is no reply, then the first."""
        for root, subject in zip(self._forest.roots, self._subjects, strict=True):
            held = self._table.setdefault(subject | 1, root)
            better = root >= self._size or (held in self._replies and root not in self._replies)
            if held < self._size and better:
                self._table[subject | 1] = root

    def join(self) -> None:
        kept = dict.fromkeys(self._forest.roots)
        grown: set[int] = set()
        for root, subject in zip(self._forest.roots, self._subjects, strict=True):
            key = subject | 1
            held = self._table[key]
            if key == _NO_SUBJECT or held == root or root not in kept:
                continue
            del kept[root]
            if held >= self._size:
                self._children[held] += self._children.pop(root) if root >= self._size else [root]
            elif root in self._replies and held not in self._replies:
                self._children.setdefault(held, []).append(root)
            else:  # neither answers the other: both below one that is missing
                self._table[key] = node = self._next
                self._next += 1
                self._children[node] = [held, root]
                del kept[held]
                kept[node] = None
                grown.add(node)
            grown.add(held)
        self._forest.roots[:] = kept
        for node in grown:
            if node in self._children:
                self._children[node].sort(key=lambda number: (self._dates[number], number))
