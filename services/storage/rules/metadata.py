"""Names of annotations, and which of them a question means (RFC 5464 sections 3.2 and 4.2.2)."""

from __future__ import annotations

from collections.abc import Sequence

from shared.base.errors import EilpostError

PRIVATE, SHARED = "/private", "/shared"
ADMIN = "/shared/admin"  # of the server: whom to turn to, as the settings say
SPECIAL_USE = "/private/specialuse"  # of one's own mailboxes: what LIST tells (RFC 6154 section 4)
MAX_NAME = 1_000  # characters


class BadEntry(EilpostError):
    """No annotation can have this name."""


def validate(name: str) -> str:
    """The name of an annotation to be set, or `BadEntry`."""
    levels = name.split("/")
    if name != name.lower() or len(name) > MAX_NAME or "" in levels[1:] or levels[0]:
        raise BadEntry("not the name of an annotation")
    if not is_private(name) and not name.startswith(SHARED + "/"):
        raise BadEntry("neither private nor shared")
    if len(levels) < (5 if levels[2] == "vendor" else 3):
        raise BadEntry("the name has too few levels")
    return name


def is_private(name: str) -> bool:
    """Whether an annotation belongs to one account."""
    return name.startswith(PRIVATE + "/")


def wanted(name: str, entries: Sequence[str], depth: int) -> bool:
    """Whether one of ``entries`` means ``name``, itself or up to ``depth`` levels below (-1: any)."""
    for entry in entries:
        if name == entry:
            return True
        if depth and name.startswith(entry + "/"):
            below = name.count("/", len(entry))
            if depth < 0 or below <= depth:
                return True
    return False
