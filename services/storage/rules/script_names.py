"""Which names a Sieve script may have (RFC 5804 section 1.6): 1 to 512 octets of UTF-8 without controls."""

from __future__ import annotations

import unicodedata

MAX_OCTETS = 512

_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, surrogates, line and paragraph ends


def is_name(text: str) -> bool:
    """Whether a script can be called ``text``."""
    if not 0 < len(text) <= MAX_OCTETS or any(unicodedata.category(letter) in _FORBIDDEN for letter in text):
        return False
    return len(text.encode()) <= MAX_OCTETS
