"""LIST patterns (RFC 3501 section 6.3.8): "*" matches anything, "%" anything but the hierarchy separator.

All ways to match are followed at once, one bit for each place in the pattern, so that the time grows with the length
of the name times the length of the pattern, whatever the wildcards.
"""

from __future__ import annotations

import re
from functools import lru_cache

_RUN = re.compile(r"[%*]{2,}")
_INBOX = len("INBOX")


class Pattern:
    """One pattern. ``separator`` is one character, "" in a namespace without levels."""

    __slots__ = ("_end", "_literals", "_percents", "_separator", "_stars")

    def __init__(self, pattern: str, separator: str) -> None:
        single = _RUN.sub(lambda run: "*" if "*" in run[0] else "%", pattern)
        self._separator = separator
        self._end = 1 << len(single)
        self._stars = self._percents = 0
        self._literals: dict[str, int] = {}
        for place, character in enumerate(single):
            bit = 1 << place
            if character == "*":
                self._stars |= bit
            elif character == "%":
                self._percents |= bit
            else:
                self._literals[character] = self._literals.get(character, 0) | bit

    def matches(self, name: str) -> bool:
        """Whether the pattern matches all of ``name``, whose first level is matched in any case if it is INBOX."""
        folded = _INBOX if name[:_INBOX] == "INBOX" and name[_INBOX : _INBOX + 1] in ("", self._separator) else 0
        literals = self._literals
        wild = self._stars | self._percents
        places = 1 | (1 & wild) << 1
        for index, character in enumerate(name):
            step = literals.get(character, 0)
            if index < folded:
                step |= literals.get(character.lower(), 0)
            stay = self._stars if character == self._separator else wild
            places = (places & step) << 1 | (places & stay)
            places |= (places & wild) << 1
            if not places:
                return False
        return bool(places & self._end)


@lru_cache(maxsize=256)
def _compiled(pattern: str, separator: str) -> Pattern:
    return Pattern(pattern, separator)


def matches(pattern: str, name: str, separator: str) -> bool:
    """Whether ``pattern`` matches all of ``name``."""
    return (_compiled(pattern, separator) if len(pattern) <= 1024 else Pattern(pattern, separator)).matches(name)
