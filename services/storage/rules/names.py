"""Which names a mailbox may have.

A name is levels joined by "/". "INBOX" as first level is upper case whatever the client wrote (RFC 3501
section 5.1). No level is empty, "." or "..", none holds a control character, and the trees below "#user" and
"#shared" are kept for the mailboxes of others (RFC 2342). Limits: 255 octets of UTF-8 a level, 1,000 the whole,
32 levels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from shared.base.errors import EilpostError
from shared.contracts.mailboxes import OTHERS, SHARED

SEPARATOR = "/"
INBOX = "INBOX"

MAX_LEVEL = 255  # octets
MAX_NAME = 1_000  # octets
MAX_LEVELS = 32

SPECIAL_USES = frozenset(
    {"\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash"}
)  # RFC 6154; the virtual ones are not ours
USUAL = {  # the mailboxes that most accounts want, and what they are for
    "Archive": "\\Archive",
    "Drafts": "\\Drafts",
    "Junk": "\\Junk",
    "Sent": "\\Sent",
    "Trash": "\\Trash",
}

_USES = {use.lower(): use for use in SPECIAL_USES}
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories: controls, surrogates, line and paragraph ends


class BadName(EilpostError):
    """No mailbox can ever have this name."""


def canonical(name: str) -> str:
    """``name`` with INBOX in upper case and in NFC (RFC 9051 section 5.1); for look-ups, judges nothing."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    first, separator, rest = name.partition(SEPARATOR)
    if len(first) == len(INBOX) and first.upper() == INBOX:
        return INBOX + separator + rest
    return name


def validate(name: str) -> str:
    """The canonical form of a name to be made, or `BadName`."""
    if len(name) > MAX_NAME:
        raise BadName("the name is too long")
    if any(unicodedata.category(character) in _FORBIDDEN for character in name):
        raise BadName("the name holds a control character")
    name = canonical(name)
    if len(name.encode()) > MAX_NAME:
        raise BadName("the name is too long")
    levels = name.split(SEPARATOR)
    if len(levels) > MAX_LEVELS:
        raise BadName("the name has too many levels")
    if levels[0] in (OTHERS, SHARED) and len(levels) > 1:
        raise BadName("a tree of others")
    for level in levels:
        if level in ("", ".", ".."):
            raise BadName("a level is empty or a dot")
        if len(level.encode()) > MAX_LEVEL:
            raise BadName("a level is too long")
    return name


def subscribable(name: str) -> str:
    """The canonical form of a name to subscribe to, which may be that of somebody else's mailbox; or `BadName`."""
    space, _, rest = name.partition(SEPARATOR)
    if space == SHARED and rest:
        return f"{space}{SEPARATOR}{validate(rest)}"
    who, _, inner = rest.partition(SEPARATOR)
    if space == OTHERS and inner:
        return f"{space}{SEPARATOR}{validate(who)}{SEPARATOR}{validate(inner)}"
    return validate(name)


def special_use(text: str) -> str:
    """The special use that ``text`` names, whatever its case; "" for one that no mailbox may have here."""
    return _USES.get(text.lower(), "")


def parents(name: str) -> Iterator[str]:
    """The names above ``name``, outermost first."""
    end = name.find(SEPARATOR)
    while end != -1:
        yield name[:end]
        end = name.find(SEPARATOR, end + 1)


def below(name: str, other: str) -> bool:
    """Whether ``other`` stands somewhere under ``name``."""
    return other.startswith(name + SEPARATOR)


def missing_parents(names: Iterable[str]) -> set[str]:
    """Names above those given that are not given themselves."""
    given = set(names)
    return {parent for name in given for parent in parents(name)} - given
