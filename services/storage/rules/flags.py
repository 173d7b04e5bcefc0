"""Flags and sets of flags.

A flag is a system flag, spelt as in RFC 3501 section 2.3.2, or a keyword: an atom, compared without regard to
case, kept as first written. A set of flags is a sorted tuple of names. Sets of system flags alone have fixed numbers:
their bits, 0 to 31, so that they need no table; sets with keywords are numbered from `FIRST_INTERNED` on.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.base.errors import EilpostError
from shared.contracts.messages import Mode

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = 1, 2, 4, 8, 16
BITS = {"\\Seen": SEEN, "\\Answered": ANSWERED, "\\Flagged": FLAGGED, "\\Deleted": DELETED, "\\Draft": DRAFT}
FIRST_INTERNED = 32

MAX_KEYWORD = 50  # octets
MAX_FLAGS = 100  # on one message

_SYSTEM = {name.lower(): name for name in BITS}
_REGISTERED = {  # keywords whose spelling the registry of RFC 5788 fixes
    name.lower(): name
    for name in (
        "$Forwarded",
        "$MDNSent",
        "$Junk",
        "$NotJunk",
        "$Phishing",
        "$Important",
        "$SubmitPending",
        "$Submitted",
    )
}
_ATOM = frozenset(map(chr, range(0x21, 0x7F))) - frozenset('(){%*"\\]')

Flags = tuple[str, ...]


class BadFlag(EilpostError):
    """Not a flag that a client may set."""


def canonical(names: Iterable[str]) -> Flags:
    """The set of these flags, each once, or `BadFlag`."""
    by_key: dict[str, str] = {}
    for name in names:
        key = name.lower()
        if key not in by_key:
            by_key[key] = _SYSTEM.get(key) or _REGISTERED.get(key) or _keyword(name)
    if len(by_key) > MAX_FLAGS:
        raise BadFlag("too many flags")
    return tuple(sorted(by_key.values()))


def valid(names: Iterable[str]) -> list[str]:
    """Those that `canonical` takes, at most `MAX_FLAGS`."""
    return [name for name in names if name.lower() in _SYSTEM or _is_keyword(name)][:MAX_FLAGS]


def _keyword(name: str) -> str:
    if not _is_keyword(name):
        raise BadFlag("not a keyword")
    return name


def _is_keyword(name: str) -> bool:
    return 0 < len(name) <= MAX_KEYWORD and _ATOM.issuperset(name)


def combine(old: Flags, mode: Mode, given: Flags) -> Flags:
    """What STORE makes of ``old`` (RFC 3501 section 6.4.6). ``given`` is canonical. `BadFlag` when too many."""
    if mode is Mode.REPLACE:
        return given
    keys = {name.lower() for name in given}
    kept = [name for name in old if name.lower() not in keys]
    if mode is Mode.REMOVE:
        return tuple(kept)
    written = {name.lower(): name for name in old}
    kept += [written.get(name.lower(), name) for name in given]
    if len(kept) > MAX_FLAGS:
        raise BadFlag("too many flags")
    return tuple(sorted(kept))


def bits_of(flags: Flags) -> int:
    """The system flags of a set as bits."""
    return sum(BITS.get(name, 0) for name in flags)


def fixed_number(flags: Flags) -> int | None:
    """The number of a set without keywords; None when it has some."""
    return bits_of(flags) if BITS.keys() >= set(flags) else None


def fixed_flags(number: int) -> Flags:
    """The set without keywords that has this number (below `FIRST_INTERNED`)."""
    return tuple(sorted(name for name, bit in BITS.items() if number & bit))
