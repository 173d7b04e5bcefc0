"""Texts with U+0000, which PostgreSQL refuses in any text: written with an escape, read back as they were.

The escape is a code point that Unicode reserves for use inside programs; a text that has it is escaped as well.
"""

from __future__ import annotations

ESCAPE = "\U0010ffff"
_NUL, _SELF = ESCAPE + "0", ESCAPE + "1"


def escape(text: str) -> str:
    """``text`` without U+0000."""
    if "\0" not in text and ESCAPE not in text:
        return text
    return text.replace(ESCAPE, _SELF).replace("\0", _NUL)


def unescape(text: str) -> str:
    """What `escape` was given."""
    if ESCAPE not in text:
        return text
    return text.replace(_NUL, "\0").replace(_SELF, ESCAPE)
