"""Tag lists: ``a=b; c=d`` (RFC 6376 section 3.2), as DKIM, ARC and DMARC write them."""

from __future__ import annotations

import re

from shared.base.errors import EilpostError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_USUAL = frozenset(
    ("a", "b", "bh", "c", "cv", "d", "h", "i", "l", "p", "q", "s", "t", "v", "x")
)  # need no second look
_SPACE = " \t\r\n"


class TagError(EilpostError):
    """The list, or one of its values, cannot be read."""


def parse_tags(text: str) -> dict[str, str]:
    """Values by name, without the white space around them. Raises `TagError`, also for a name that comes twice."""
    tags: dict[str, str] = {}
    parts = text.split(";")
    if not parts[-1].strip(_SPACE):
        parts.pop()  # a semicolon may stand at the end
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip(_SPACE)
        if not equals or not (name in _USUAL or _NAME.match(name)):
            raise TagError(f"unreadable tag {part[:40]!r}")
        if name in tags:
            raise TagError(f"tag {name} comes twice")
        tags[name] = value.strip(_SPACE)
    return tags


def without_space(value: str) -> str:
    """``value`` without white space: base64 and lists may be folded anywhere."""
    return value.replace(" ", "").replace("\t", "").replace("\r", "").replace("\n", "")
