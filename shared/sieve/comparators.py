"""Comparators (RFC 4790, RFC 5051): how two strings are equal, ordered, or one in the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_INFINITY = float("inf")
_MAX_DIGITS = 4_000  # of a number that is read


class Comparator(NamedTuple):
    """``fold`` maps a string to what is compared and ordered; ``has_substrings``: also ``:contains``, ``:matches``.

    ``extension`` is what a script must require to use it; "" for those of the base.
    """

    name: str
    fold: Callable[[str], Any]
    has_substrings: bool = True
    extension: str = ""


def octets(value: str) -> str:
    """i;octet: as it is. Code points are ordered as their UTF-8 octets are."""
    return value


def ascii_casemap(value: str) -> str:
    """i;ascii-casemap: the letters a to z in upper case, all else as it is (RFC 4790 section 9.2.1)."""
    return value.upper() if value.isascii() else value.translate(_UPPER)


def ascii_numeric(value: str) -> float | int:
    """i;ascii-numeric: the number that the first digits are; without any, infinity (RFC 4790 section 9.1.1)."""
    end = 0
    while end < len(value) and end < _MAX_DIGITS and "0" <= value[end] <= "9":
        end += 1
    return int(value[:end]) if end else _INFINITY


def unicode_casemap(value: str) -> str:
    """i;unicode-casemap: title case, fully decomposed (RFC 5051 section 2)."""
    if value.isascii():
        return value.upper()
    return unicodedata.normalize("NFKD", "".join([_title(letter) for letter in value]))


def _title(letter: str) -> str:
    mapped = letter.title()
    return mapped if len(mapped) == 1 else letter


OCTET = Comparator("i;octet", octets)
ASCII_CASEMAP = Comparator("i;ascii-casemap", ascii_casemap)
ASCII_NUMERIC = Comparator("i;ascii-numeric", ascii_numeric, False, "comparator-i;ascii-numeric")
UNICODE_CASEMAP = Comparator("i;unicode-casemap", unicode_casemap, True, "comparator-i;unicode-casemap")

DEFAULT = ASCII_CASEMAP
COMPARATORS = {one.name: one for one in (OCTET, ASCII_CASEMAP, ASCII_NUMERIC, UNICODE_CASEMAP)}
