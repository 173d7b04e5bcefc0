"""Rights on a mailbox (RFC 4314), the standard ones; the obsolete "c" and "d" are the fronts' affair.

``l`` look up, ``r`` read, ``s`` set \\Seen, ``w`` set other flags, ``i`` insert, ``p`` post, ``k`` make mailboxes
below, ``x`` delete the mailbox, ``t`` set \\Deleted, ``e`` expunge, ``a`` administer. A set of rights is a string in
this order.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.storage.rules.flags import Flags
from shared.contracts.acl import RIGHTS, Grant
from shared.contracts.messages import Mode

SEEING = frozenset("lrikxa")  # one of these, and MYRIGHTS answers (section 4)
ANNOTATING = frozenset("rswip")  # one of these beside "l" (RFC 5464 section 3.3)
FLAGGING = frozenset("swt")
WRITING = FLAGGING | {"i", "e"}  # without any of these a mailbox is read-only (section 5.2)


def ordered(rights: Iterable[str]) -> str:
    """The string of a set."""
    held = set(rights)
    return "".join(right for right in RIGHTS if right in held)


def known(rights: str) -> bool:
    """Whether all of them are rights."""
    return set(RIGHTS).issuperset(rights)


def effective(entries: Iterable[tuple[bool, str]]) -> str:
    """What somebody may do for whom these (negative, rights) stand: all that is granted less all that is denied."""
    granted: set[str] = set()
    denied: set[str] = set()
    for negative, rights in entries:
        (denied if negative else granted).update(rights)
    return ordered(granted - denied)


def changed(old: str, mode: Grant, given: str) -> str:
    """What SETACL makes of an entry (section 3.1)."""
    if mode is Grant.ADD:
        return ordered(old + given)
    if mode is Grant.REMOVE:
        return ordered(set(old) - set(given))
    return ordered(given)


def right_for(flag: str) -> str:
    """The right that setting or clearing a flag needs (section 4)."""
    return {"\\Seen": "s", "\\Deleted": "t"}.get(flag, "w")


def settable(flags: Flags, rights: str) -> Flags:
    """Those of ``flags`` that somebody with these rights may change."""
    return tuple(flag for flag in flags if right_for(flag) in rights)


def replacing(old: Flags, mode: Mode, given: Flags, rights: str) -> Flags:
    """What a STORE of ``given`` has to set: a replacement leaves alone what may not be changed."""
    if mode is not Mode.REPLACE:
        return given
    return tuple(sorted({*given, *(flag for flag in old if right_for(flag) not in rights)}))
