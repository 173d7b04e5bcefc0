"""Folding of text for comparison without regard to case, after i;unicode-casemap (RFC 5051)."""

from __future__ import annotations

from unicodedata import normalize


def fold(text: str) -> str:
    """``text`` so that equal strings are equal letters: case folded, compatibility forms decomposed."""
    if text.isascii():
        return text.lower()
    return normalize("NFKD", text.casefold())
