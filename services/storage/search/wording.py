"""Texts as words, and what a text that is searched for says about the words around it. Pure.

A word is a run of letters and digits of folded text. A long one is kept as overlapping chunks, so that whatever part
of it of at most `PART` characters is searched for stands in one of them.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

VERSION = 1  # grows when the same message would give other words
PART = 20  # characters of a word that are searched for
CHUNK = 2 * PART
MOST = 20_000  # words of one text
MANY = "\ue000"  # stands for words that were too many to be kept; no word holds this character

_WORD = re.compile(r"[^\W_]+")
_SHORT = 64 * 1024  # characters of a text whose words may be listed at once


def words(text: str) -> set[str]:
    """All words of a folded text; `MANY` alone when there are more than `MOST`."""
    found: set[str] = set()
    if len(text) <= _SHORT:
        found.update(_WORD.findall(text))
    else:
        for match in _WORD.finditer(text):
            found.add(match[0])
            if len(found) > MOST:
                break
    for long in [word for word in found if len(word) > CHUNK]:
        found.discard(long)
        found.update(_chunks(long))
    return found if len(found) <= MOST else {MANY}


def _chunks(word: str) -> list[str]:
    return [word[start : start + CHUNK] for start in range(0, len(word) - PART, PART)]


class Place(Enum):
    """Where in a word of the message a piece of the searched text stands."""

    WHOLE = "whole"
    START = "start"
    END = "end"
    INSIDE = "inside"


class Piece(NamedTuple):
    text: str
    place: Place

    def fits(self, word: str) -> bool:
        """Whether ``word`` has the piece in its place."""
        match self.place:
            case Place.WHOLE:
                return word == self.text
            case Place.START:
                return word.startswith(self.text)
            case Place.END:
                return word.endswith(self.text)
            case Place.INSIDE:
                return self.text in word


class Pieces(NamedTuple):
    """A message that holds the searched text has a word for each of these. ``exact``: the reverse is true too."""

    pieces: tuple[Piece, ...]
    exact: bool


def pieces(text: str) -> Pieces:
    """The pieces of a folded text."""
    found = [
        _piece(match[0], starts=match.start() > 0, ends=match.end() < len(text)) for match in _WORD.finditer(text)
    ]
    exact = len(found) == 1 and found[0] == Piece(text, Place.INSIDE)
    return Pieces(tuple(dict.fromkeys(found)), exact)


def _piece(run: str, *, starts: bool, ends: bool) -> Piece:
    """``starts``, ``ends``: the word is known to begin, to end with the run."""
    if starts and ends and len(run) <= CHUNK:
        return Piece(run, Place.WHOLE)
    if starts:
        return Piece(run[:PART], Place.START)
    if ends:
        return Piece(run[-PART:], Place.END)
    return Piece(run[:PART], Place.INSIDE)
