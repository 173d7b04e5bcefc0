"""The boundaries of all open multiparts, as one question to a line: is it one of them (RFC 2046 section 5.1.1)?"""

from __future__ import annotations

from collections.abc import Collection


class OpenBoundaries:
    """A boundary belongs to the level of nesting that declared it; of equal ones the innermost counts.

    ``needle`` is what every boundary line begins with, the LF before it included; "" when none is open.
    """

    __slots__ = ("_levels", "_shadowed", "needle")

    def __init__(self) -> None:
        self.needle = b""
        self._levels: dict[bytes, int] = {}
        self._shadowed: dict[int, int] = {}  # level to the outer one with the same boundary

    def add(self, boundary: bytes, level: int) -> None:
        """Open ``boundary`` for ``level``."""
        outer = self._levels.get(boundary)
        if outer is not None:
            self._shadowed[level] = outer
        self._levels[boundary] = level
        self._aim()

    def remove(self, boundary: bytes, level: int) -> None:
        """Close ``boundary`` where ``level`` still holds it."""
        if self._levels.get(boundary) != level:
            return
        outer = self._shadowed.pop(level, None)
        if outer is None:
            del self._levels[boundary]
            self._aim()
        else:
            self._levels[boundary] = outer

    def clear(self) -> None:
        """No line is a boundary any more."""
        self._levels.clear()
        self._shadowed.clear()
        self._aim()

    def match(self, line: bytes) -> tuple[int, bool]:
        """The level whose boundary ``line`` (without its "--") is, and whether it closes; -1 for none."""
        mark = line.rstrip(b" \t\r")
        level = self._levels.get(mark)
        if level is not None:
            return level, False
        if mark.endswith(b"--"):
            level = self._levels.get(mark[:-2])
            if level is not None:
                return level, True
        return -1, False

    def _aim(self) -> None:
        self.needle = b"\n--" + _common_start(self._levels) if self._levels else b""


def _common_start(boundaries: Collection[bytes]) -> bytes:
    """What all of ``boundaries`` begin with: what the first and the last of them in order have in common."""
    low, high = min(boundaries), max(boundaries)
    for index, octet in enumerate(low):
        if octet != high[index]:
            return low[:index]
    return low
