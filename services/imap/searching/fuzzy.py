"""FUZZY (RFC 6203): texts are found by their words, in any order and whatever their endings. Pure.

How well a message fits is told by the strictest reading of the search that still finds it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import partial

from services.imap.searching.keys import replaced
from shared.protocols.imap.syntax.search_key import And, Body, Fuzzy, Header, Key, Text

_WORD = re.compile(r"[^\W_]+")
_ENDING = 2  # letters that a word may end in otherwise
_STEM = 4  # letters that it has at least


class Reading(IntEnum):
    """How a text is read, and the relevancy (1 to 100) of what only this reading finds."""

    AS_WRITTEN = 100
    WORDS = 70
    BEGINNINGS = 35


def read(key: Key, reading: Reading) -> Key:
    """``key`` without any FUZZY, all that it stood for being read as ``reading`` says."""

    def loosened(each: Key) -> Key:
        return replaced(each.key, partial(_loosened, reading)) if isinstance(each, Fuzzy) else each

    return replaced(key, loosened)


def _loosened(reading: Reading, key: Key) -> Key:
    if reading is Reading.AS_WRITTEN or not isinstance(key, Header | Body | Text):
        return key
    words = dict.fromkeys(_WORD.findall(key.text))
    if reading is Reading.BEGINNINGS:
        words = dict.fromkeys(word[: max(_STEM, len(word) - _ENDING)] for word in words)
    leaves: tuple[Key, ...] = tuple(key._replace(text=word) for word in words)
    if not leaves:
        return key
    return leaves[0] if len(leaves) == 1 else And(leaves)
