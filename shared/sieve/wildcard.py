r"""``:matches``: ``*`` is any text, ``?`` one character, ``\`` takes the next one as it is (RFC 5228 section 2.7.1).

Linear: the parts between stars are searched from left to right, each where the last one ended, which also gives every
star the shortest text (RFC 5229 section 3.2). A part with question marks is searched by bit-parallel automaton.
"""

from __future__ import annotations

from collections.abc import Sequence

ANY = ""  # a question mark in a segment

Segment = tuple[str, ...]  # single characters, or ANY

MATCHED = 32  # wildcards whose text is kept


class Wildcard:
    """A compiled pattern. ``length`` is that of the pattern."""

    def __init__(self, pattern: str) -> None:
        self.length = len(pattern)
        self._segments = [_Segment(letters) for letters in _split(pattern)]

    def match(self, value: str) -> list[tuple[int, int]] | None:
        """The spans of the wildcards' texts in ``value``, the whole first; None when it does not match."""
        first, last = self._segments[0], self._segments[-1]
        if not first.is_at(value, 0):
            return None
        if len(self._segments) == 1:
            return self._spans(value, [0]) if first.length == len(value) else None
        starts, at = [0], first.length
        for segment in self._segments[1:-1]:
            found = segment.find(value, at)
            if found < 0:
                return None
            starts.append(found)
            at = found + segment.length
        end = len(value) - last.length
        if end < at or not last.is_at(value, end):
            return None
        return self._spans(value, [*starts, end])

    def _spans(self, value: str, starts: Sequence[int]) -> list[tuple[int, int]]:
        spans = [(0, len(value))]
        behind = 0
        for number, (segment, start) in enumerate(zip(self._segments, starts, strict=True)):
            if number:
                spans.append((behind, start))
            spans.extend([(start + offset, start + offset + 1) for offset in segment.marks])
            behind = start + segment.length
            if len(spans) > MATCHED:
                break
        return spans[: MATCHED + 1]


class _Segment:
    """What stands between two stars."""

    def __init__(self, letters: Segment) -> None:
        self.length = len(letters)
        self.marks = [offset for offset, letter in enumerate(letters) if letter is ANY]
        self._literal = "".join(letters)
        self._masks: dict[str, int] = {}
        self._any = 0
        if self.marks:
            self._prepare(letters)

    def _prepare(self, letters: Segment) -> None:
        for offset, letter in enumerate(letters):
            if letter is ANY:
                self._any |= 1 << offset
        for offset, letter in enumerate(letters):
            if letter is not ANY:
                self._masks[letter] = self._masks.get(letter, self._any) | 1 << offset

    def is_at(self, value: str, at: int) -> bool:
        if not self.marks:
            return value.startswith(self._literal, at)
        return self._scan(value, at, at + self.length) == at

    def find(self, value: str, at: int) -> int:
        if not self.marks:
            return value.find(self._literal, at)
        return self._scan(value, at, len(value))

    def _scan(self, value: str, at: int, end: int) -> int:
        """Where the segment begins in ``value[at:end]``, or -1: one step a character (shift-and)."""
        state, goal = 0, 1 << (self.length - 1)
        masks, others = self._masks, self._any
        for index in range(at, min(end, len(value))):
            state = (state << 1 | 1) & masks.get(value[index], others)
            if state & goal:
                return index - self.length + 1
        return -1


def _split(pattern: str) -> list[Segment]:
    segments: list[list[str]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if letter == "*":
            segments.append([])
        elif letter == "?":
            segments[-1].append(ANY)
        elif letter == "\\":
            segments[-1].append(next(letters, "\\"))
        else:
            segments[-1].append(letter)
    return [tuple(segment) for segment in segments]
