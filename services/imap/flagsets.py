"""Interned flag sets, as this process has learnt them. Pure.

A number stands for one sorted tuple of names for ever and in all mailboxes (`shared.contracts.changes`), so one
table serves the whole process and a message's flags cost four octets in a view.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.contracts.changes import FlagSet

SYSTEM = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
"""The system flags that a client may set (RFC 3501 section 2.3.2), in the order in which they are listed."""

_SYSTEM = frozenset(SYSTEM)


class Flags:
    """One immutable set of flags, with its wire form made once."""

    __slots__ = ("deleted", "folded", "keywords", "names", "recent", "seen", "wire")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.folded = frozenset(name.lower() for name in names)
        self.keywords = tuple(name for name in names if name not in _SYSTEM)
        self.seen = "\\seen" in self.folded
        self.deleted = "\\deleted" in self.folded
        text = " ".join(names)
        self.wire = f"({text})".encode()
        self.recent = f"({text} \\Recent)".encode() if names else b"(\\Recent)"


class FlagTable:
    """All flag sets met so far, by number."""

    __slots__ = ("_sets",)

    def __init__(self) -> None:
        self._sets: dict[int, Flags] = {}

    def learn(self, flagsets: Iterable[FlagSet]) -> None:
        """Remember what each number stands for."""
        for number, names in flagsets:
            if number not in self._sets:
                self._sets[number] = Flags(names)

    def __getitem__(self, number: int) -> Flags:
        return self._sets[number]
