"""THREAD=ORDEREDSUBJECT (RFC 5256 section 3): conversations are what has one base subject. Pure."""

from __future__ import annotations

from services.imap.threading.forest import NONE, Forest, Material


class BySubject:
    """The first message of each subject by date, the others below it; threads in the order of their first dates."""

    def __init__(self) -> None:
        self._dates: list[int] = []
        self._threads: dict[int, list[int]] = {}

    def add(self, page: Material) -> None:
        """The next messages."""
        at = 0
        for number, count in enumerate(page.counts, len(self._dates)):
            self._threads.setdefault(page.ids[at] | 1, []).append(number)
            at += count
        self._dates += page.dates

    def finish(self) -> Forest:
        """The threads of all that was added."""
        dates = self._dates
        forest = Forest([], [NONE] * len(dates), [NONE] * len(dates))
        for thread in self._threads.values():
            thread.sort(key=dates.__getitem__)
            forest.roots.append(thread[0])
            forest.place(thread[0], thread[1:])
        forest.roots.sort(key=lambda root: (dates[root], root))
        return forest
