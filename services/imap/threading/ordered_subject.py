"""THREAD=ORDEREDSUBJECT (RFC 5256 section 3): conversations are what has one base subject. Pure."""

from __future__ import annotations

from services.imap.threading.forest import Forest, Material


def by_subject(material: Material) -> Forest:
    """The first message of each subject by date, the others below it; threads in the order of their first dates."""
    dates = material.dates
    threads: dict[int, list[int]] = {}
    at = 0
    for number, count in enumerate(material.counts):
        threads.setdefault(material.ids[at] | 1, []).append(number)
        at += count
    roots: list[int] = []
    children: dict[int, list[int]] = {}
    for thread in threads.values():
        thread.sort(key=dates.__getitem__)
        roots.append(thread[0])
        if len(thread) > 1:
            children[thread[0]] = thread[1:]
    roots.sort(key=lambda root: (dates[root], root))
    return Forest(roots, children)
