"""Threads whose first messages have one base subject become one (RFC 5256 section 3, REFERENCES, step 5). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import or_

from services.imap.threading.forest import NONE, Forest

_NO_SUBJECT = 1


def gather(subjects: Sequence[int], dates: Sequence[int], forest: Forest) -> bool:
    """Join threads of ``forest``, which may get nodes by it; whether there was anything to join."""
    joining = _Joining(subjects, dates, forest)
    if not joining.needed:
        return False
    joining.choose()
    joining.join()
    return True


class _Joining:
    def __init__(self, subjects: Sequence[int], dates: Sequence[int], forest: Forest) -> None:
        self._size = len(dates)
        self._dates = dates
        self._forest = forest
        self._subjects = [subjects[root if root < self._size else forest.first[root]] for root in forest.roots]
        self._replies: set[int] = set()
        self._table: dict[int, int] = {}  # the thread that others of its subject join

    @property
    def needed(self) -> bool:
        return len(set(map(or_, self._subjects, repeat(1)))) < len(self._subjects)

    def choose(self) -> None:
        """A missing message is preferred, then one that is no reply, then the first."""
        roots = self._forest.roots
        self._replies.update(root for root, each in zip(roots, self._subjects, strict=True) if each & 1)
        for root, subject in zip(roots, self._subjects, strict=True):
            held = self._table.setdefault(subject | 1, root)
            better = root >= self._size or (held in self._replies and root not in self._replies)
            if held < self._size and better:
                self._table[subject | 1] = root

    def join(self) -> None:
        kept = dict.fromkeys(self._forest.roots)
        joined: dict[int, list[int]] = {}  # by what they have joined
        for root, subject in zip(self._forest.roots, self._subjects, strict=True):
            key = subject | 1
            held = self._table[key]
            if key == _NO_SUBJECT or held == root or root not in kept:
                continue
            del kept[root]
            if held >= self._size:
                joined.setdefault(held, []).extend(self._forest.children(root) if root >= self._size else [root])
            elif root in self._replies and held not in self._replies:
                joined.setdefault(held, []).append(root)
            else:  # neither answers the other: both below one that is missing
                node = self._table[key] = self._missing()
                joined[node] = [held, root]
                del kept[held]
                kept[node] = None
        self._forest.roots[:] = kept
        for node, others in joined.items():
            below = [*self._forest.children(node), *others]
            below.sort(key=lambda number: (self._dates[number], number))
            self._forest.place(node, below)

    def _missing(self) -> int:
        """A new node."""
        self._forest.first.append(NONE)
        self._forest.following.append(NONE)
        return len(self._forest.first) - 1
